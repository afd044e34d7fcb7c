// What each format takes and refuses, value by value.
import assert from 'node:assert/strict';
import { decimal, integer, oneOf, unsettable, yesOrNo, type Format } from '../../src/config/format.ts';
import * as formats from '../../src/config/formats.ts';
import * as maps from '../../src/config/map-formats.ts';

interface Case {
  readonly format: Format<unknown>;
  readonly refuses: readonly unknown[];
  readonly accepts: readonly unknown[];
}

const number = integer({ min: -1, max: 100 });
const long = (length: number): string => 'x'.repeat(length);

const CASES: Readonly<Record<string, Case>> = {
  integer: {
    format: number,
    refuses: ['5', '12abc', '', null, NaN, Infinity, 1.5, -2, 101, true, [], {}],
    accepts: [-1, 0, 100],
  },
  decimal: {
    format: decimal({ min: 0, max: 1 }),
    refuses: ['0.5', NaN, -0.1, 1.1, null],
    accepts: [0, 0.5, 1],
  },
  oneOf: { format: oneOf('auto', 3, 5), refuses: ['3', 4, 'AUTO', '', null], accepts: ['auto', 3, 5] },
  yesOrNo: { format: yesOrNo(), refuses: ['true', 'off', 'no', 0, 1, null, ''], accepts: [true, false] },
  deviceId: {
    format: formats.deviceId,
    refuses: ['', '.', '..', 'a/b', 'a b', 'ü', 'a\n', long(129), 5, null],
    accepts: ['a', 'pi-1.lab_2', '...', long(128)],
  },
  groupNames: {
    format: formats.groupNames,
    refuses: ['a', [''], ['a.b'], ['../a'], ['__proto__'], [long(65)], [1]],
    accepts: [[], ['a', 'B_-9'], [long(64)]],
  },
  topicName: {
    format: formats.topicName,
    refuses: ['', 'a/+', 'a/#', '#', 'a\0b', 'a\ud800', '{device}/a', '{deviceID}', 'a}', long(65_536), 5],
    accepts: ['a', '/', 'a//b', 'device/{deviceId}/x', '$aws/rules/x/y', long(65_535), 'ä'],
  },
  'topicName with its placeholder filled': {
    format: formats.topicName,
    refuses: [`${long(65_408)}{deviceId}`],
    accepts: [`${long(65_407)}{deviceId}`],
  },
  topicFilter: {
    format: formats.topicFilter,
    refuses: ['', 'a+', 'a/b+/c', '#/a', 'a/#/b', 'a#', '$share/g', '$share/g/', '$share/+/a', '$share//a'],
    accepts: ['#', '+', 'a/+/b', 'a/#', '+/#', '$share/g/a/#', 'device/{deviceId}/#'],
  },
  topicFilters: {
    format: formats.topicFilters,
    refuses: ['a', ['a', ''], ['a', 5], Array(7).fill('a')],
    accepts: [[], ['a', 'b/#']],
  },
  clientId: {
    format: formats.clientId,
    refuses: ['', 'a\0', 'a\n', 'a\u202e', 'a\u2028', '{host}', long(65_536), null],
    accepts: ['a', '{deviceId}', 'a b', 'thing-{deviceId}'],
  },
  brokerUrl: {
    format: formats.brokerUrl,
    refuses: [
      '',
      'localhost',
      'http://a',
      'mqtt://',
      'mqtt:///x',
      'mqtt://u:p@a',
      'mqtt://u@a',
      'mqtt://a:0',
      'mqtt://a:65536',
      'mqtt://a:1x',
      'mqtt://a/path',
      'mqtt://a?clientId=b',
      'mqtt://a#b',
      'MQTT://a',
      ' mqtt://a',
      'mqtt://[::1',
      'mqtt://[1:2]',
      'mqtt://999.1.1.1',
      'tcp://a',
    ],
    accepts: [
      'mqtt://a',
      'mqtts://a.b:8883/',
      'ws://a/mqtt',
      'wss://a:443/mqtt',
      'mqtt://[::1]:1883',
      'mqtt://10.0.0.1',
    ],
  },
  proxyUrl: {
    format: formats.proxyUrl,
    refuses: ['http://a', 'https://a:1', 'http://u:p@a:1', 'socks4://a:1', 'http://a:0', 'socks5://a:65536'],
    accepts: ['http://a:3128', 'socks5://[::1]:1080', 'http://a:1', 'http://a:65535'],
  },
  webUrl: {
    format: formats.webUrl,
    refuses: [
      '',
      'ftp://a',
      'http://u:p@a',
      'file:///a',
      'http://a/\n',
      ' http://a',
      'http://a/`x`',
      'http://a;ls',
    ],
    accepts: ['http://a/b?c=d&e=%24', 'https://[::1]:8443/a.jpg'],
  },
  absolutePath: {
    format: formats.absolutePath,
    refuses: ['', 'a', './a', '/a/../b', '/..', '/a\0', '/a\n', `/${long(4095)}`],
    accepts: ['/', '/a/b', '/a..b', '/a b', `/${long(4094)}`],
  },
  cameraPath: {
    format: formats.cameraPath,
    refuses: ['', 'a', '/a/../b', '/a\n', '/a\0', '/a;ls', '/$(x)', '/a|b', '/a`b`', '/a*', "/a'b"],
    accepts: ['/srv/my pictures/2031-05-06 07:08.jpg', '/srv/Büro/a+b=c.jpeg'],
  },
  captureDevice: {
    format: formats.captureDevice,
    refuses: [
      '',
      'AUTO',
      'test',
      'video0',
      '/dev/video',
      '/dev/video0 -x',
      '/dev/video0;ls',
      '/dev/sda',
      '/dev/v4l/by-id/',
      '/dev/v4l/by-id/-x',
      '/dev/v4l/by-id/.x',
      '/dev/v4l/by-id/../a',
      '/dev/v4l/by-id/a/b',
      '/dev/v4l/by-path/$(x)',
      'FILE:/a.jpg',
      '/dev/video0\n',
    ],
    accepts: [
      'auto',
      'TEST',
      '/dev/video0',
      '/dev/v4l/by-id/usb-046d_HD_Webcam-video-index0',
      '/dev/v4l/by-path/platform-xhci-usb-0:1.2:1.0-video-index0',
    ],
  },
  controls: {
    format: maps.controls,
    refuses: [
      null,
      [],
      { a: '1' },
      { a: 1.5 },
      { a: 2 ** 31 },
      { '': 1 },
      { 'a=b': 1 },
      { '-a': 1 },
      { constructor: 1 },
    ],
    accepts: [{}, { brightness: -3, 'Exposure, Auto (x)': 1 }],
  },
  crop: {
    format: maps.crop,
    refuses: [
      {},
      { left: 0, top: 0, width: 1 },
      { left: 0.5, top: 0, width: 0.6, height: 1 },
      { left: 0, top: 0.5, width: 1, height: 0.6 },
      { left: -0.1, top: 0, width: 1, height: 1 },
      { left: 0, top: 0, width: 0, height: 1 },
      { left: 0, top: 0, width: 1, height: 1, depth: 1 },
      { left: '0', top: 0, width: 1, height: 1 },
    ],
    accepts: [
      { left: 0, top: 0, width: 1, height: 1 },
      { left: 0.57, top: 0.1, width: 0.43, height: 0.9 },
    ],
  },
  resultFilter: {
    format: maps.resultFilter,
    refuses: [{}, { type: 'x', labelScore: {} }, { type: 'classification', labelScore: { a: 2 } }],
    accepts: [{ type: 'classification', labelScore: { 'St. Bernard': 0.5 } }],
  },
  resultActions: {
    format: maps.resultActions,
    refuses: [
      {},
      [{}],
      [{ label: 'a', minConfidence: 2, publish: 't' }],
      [{ label: 'a', minConfidence: 1, publish: '#' }],
      [{ label: 'a', minConfidence: 1, publish: 't', qos: 1 }],
    ],
    accepts: [[], [{ label: 'a', minConfidence: 0.5, publish: 't', payload: 'on' }]],
  },
};

describe('formats', () => {
  for (const [name, { format, refuses, accepts }] of Object.entries(CASES)) {
    it(`${name} refuses what is not meant`, () => {
      for (const value of refuses)
        assert.equal(format.accepts(value), false, JSON.stringify(value).slice(0, 100));
    });

    it(`${name} accepts what is meant`, () => {
      for (const value of accepts)
        assert.equal(format.accepts(value), true, JSON.stringify(value).slice(0, 100));
    });
  }

  it('unsettable() takes null beside its values and nothing else', () => {
    assert.equal(unsettable(number).accepts(null), true);
    assert.equal(unsettable(number).accepts(5), true);
    assert.equal(unsettable(number).accepts(undefined), false);
    assert.equal(number.accepts(null), false);
  });
});
