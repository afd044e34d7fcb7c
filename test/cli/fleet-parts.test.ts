// The pure parts of `shutterd fleet status`: topics, messages of strangers, and the table.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseDeviceStatus, STATUS_BYTES_MAX } from '../../src/cli/fleet-message.ts';
import { FleetRoster } from '../../src/cli/fleet-roster.ts';
import { fleetTable } from '../../src/cli/fleet-table.ts';
import { fleetTopic } from '../../src/cli/fleet-topic.ts';
import { filterMatches } from '../../src/config/topics.ts';

describe('fleetTopic()', () => {
  const cases: readonly [string, string, string, string | undefined][] = [
    ['device/{deviceId}/status', 'device/+/status', 'device/cam-1/status', 'cam-1'],
    ['{deviceId}', '+', 'cam.1', 'cam.1'],
    ['a/cam-{deviceId}/x', 'a/+/x', 'a/cam-7/x', '7'],
    ['a/cam-{deviceId}/x', 'a/+/x', 'a/other/x', undefined],
    ['{deviceId}/{deviceId}', '+/+', 'a/a', 'a'],
    ['{deviceId}/{deviceId}', '+/+', 'a/b', undefined],
    ['fleet.status', 'fleet.status', 'fleet.status', undefined],
  ];
  for (const [written, filter, topic, device] of cases) {
    it(`of ${written} listens on ${filter} and finds ${String(device)} in ${topic}`, () => {
      const found = fleetTopic(written);
      assert.equal(found.filter, filter);
      assert.ok(filterMatches(found.filter, topic));
      assert.equal(found.deviceOf(topic), device);
    });
  }
});

describe('parseDeviceStatus()', () => {
  it('never throws and prints nothing that a terminal obeys, whatever the payload', () => {
    const word = fc.constantFrom(
      'state',
      'version',
      'config',
      'hash',
      'errors',
      'outbox',
      'entries',
      'last',
      'host',
    );
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .dictionary(word, fc.oneof(fc.jsonValue(), fc.dictionary(word, fc.jsonValue())))
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(payload, (bytes) => {
        const row = { device: 'a', ...parseDeviceStatus(bytes) };
        assert.doesNotMatch(fleetTable([row], 0).replaceAll('\n', ''), /\p{Cc}/u);
        assert.equal(fleetTable([row], 0).split('\n').length, 3);
      }),
      { numRuns: 500 },
    );
  });

  it('reads no payload above its bound', () => {
    const text = JSON.stringify({ state: 'online', filler: 'x'.repeat(STATUS_BYTES_MAX) });
    assert.equal(parseDeviceStatus(Buffer.from(text)).state, 'unreadable');
  });
});

describe('parseDeviceStatus() of wrong types', () => {
  const full = {
    state: 'online',
    device_id: 'cam',
    version: '1',
    config: { hash: 'abc', generation: 'one', state: 'applied', errors: ['e'] },
    outbox: { entries: 1, bytes: 2, quarantined: 3 },
    last: { captured_at: '2026-01-01T00:00:00.000Z' },
    host: { cpu_temperature_c: 50 },
  };
  const whole = parseDeviceStatus(Buffer.from(JSON.stringify(full)));
  const nothing = parseDeviceStatus(Buffer.from('{}'));
  type Field = readonly [string, keyof typeof whole, string?];
  const fields: readonly Field[] = [
    ['state', 'state'],
    ['device_id', 'deviceId'],
    ['version', 'version'],
    ['config', 'config'],
    ['config.hash', 'config', 'hash'],
    ['config.generation', 'config', 'generation'],
    ['config.state', 'config', 'state'],
    ['config.errors', 'config', 'errors'],
    ['outbox', 'outbox'],
    ['outbox.entries', 'outbox', 'entries'],
    ['outbox.bytes', 'outbox', 'bytes'],
    ['outbox.quarantined', 'outbox', 'quarantined'],
    ['last', 'capturedAt'],
    ['last.captured_at', 'capturedAt'],
    ['host', 'temperatureCelsius'],
    ['host.cpu_temperature_c', 'temperatureCelsius'],
  ];
  for (const [path, field, inner] of fields) {
    it(`leaves out ${path} alone, whatever stands in its place`, () => {
      const [first = '', second] = path.split('.');
      for (const wrong of [null, true, -1, 1.5e300, '', [], {}, [[]], { a: {} }, ['\u001b[2J', 7]]) {
        if (path === 'config.errors' && Array.isArray(wrong)) continue; // a list, of which the texts count
        if (path === 'host.cpu_temperature_c' && typeof wrong === 'number') continue; // a number, if a hot one
        const below = Object.entries(full).find(([name]) => name === first)?.[1];
        const said = {
          ...full,
          [first]: second === undefined ? wrong : { ...(below as object), [second]: wrong },
        };
        const found = parseDeviceStatus(Buffer.from(JSON.stringify(said)));
        const gone =
          inner === undefined
            ? nothing[field]
            : {
                ...(whole[field] as object),
                [inner]: (nothing[field] as Readonly<Record<string, unknown>>)[inner],
              };
        assert.deepEqual(found, { ...whole, [field]: gone }, JSON.stringify(wrong));
      }
    });
  }
});

describe('fleetTable()', () => {
  it('keeps its columns where somebody made a device without a visible name', () => {
    const row = { device: ' ', ...parseDeviceStatus(Buffer.from('{"state":"online","version":"1.2.3"}')) };
    const [heading = '', line = ''] = fleetTable([row], 0).split('\n');
    assert.equal(line.indexOf('online'), heading.indexOf('STATE'));
    assert.ok(heading.startsWith('DEVICE'));
  });
});

describe('FleetRoster', () => {
  const hear = (roster: FleetRoster, device: string, payload: string): void => {
    roster.hear({ topic: `d/${device}`, payload: Buffer.from(payload) });
  };

  it('forgets a device whose retained status was taken away', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    hear(roster, 'b', '{"state":"online"}');
    hear(roster, 'a', '{"state":"offline"}');
    assert.deepEqual(
      roster.rows().map(({ device }) => device),
      ['a', 'b'],
    );
    hear(roster, 'b', '');
    assert.deepEqual(
      roster.rows().map(({ device }) => device),
      ['a'],
    );
  });

  it('holds 20,000 devices and no more', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    for (let n = 0; n < 20_005; n += 1) hear(roster, String(n), '{}');
    assert.equal(roster.rows().length, 20_000);
  });

  const FULL =
    '{"state":"online","version":"1","config":{"generation":"one","state":"applied"},"outbox":{"entries":3},' +
    '"last":{"captured_at":"2026-01-01T00:00:00Z"},"host":{"cpu_temperature_c":50}}';

  it('keeps what a device said before its will, which says only that it is gone', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    hear(roster, 'a', FULL);
    const [before] = roster.rows();
    hear(roster, 'a', '{"state":"offline","version":"1","device_id":"a"}');
    assert.deepEqual(roster.rows(), [{ ...before, state: 'offline', deviceId: 'a' }]);
  });

  it('takes the last word of a device that goes politely, and forgets it with one that cannot be read', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    hear(roster, 'a', FULL);
    hear(roster, 'a', '{"state":"offline","outbox":{"entries":0},"config":{"hash":"abc"}}');
    const [row] = roster.rows();
    assert.deepEqual([row?.outbox.entries, row?.config.hash, row?.config.generation], [0, 'abc', null]);
    hear(roster, 'a', 'nonsense');
    assert.deepEqual(
      roster.rows().map(({ state, version, outbox }) => [state, version, outbox.entries]),
      [['unreadable', null, null]],
    );
  });

  it('keeps nothing of an earlier word for a device that is online', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    hear(roster, 'a', FULL);
    hear(roster, 'a', '{"state":"online"}');
    assert.equal(roster.rows()[0]?.outbox.entries, null);
  });

  it('gives what changed once', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    hear(roster, 'a', '{}');
    assert.equal(roster.takeChanged().length, 1);
    assert.equal(roster.takeChanged().length, 0);
  });
});
