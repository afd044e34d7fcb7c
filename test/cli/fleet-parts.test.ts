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

  it('gives what changed once', () => {
    const roster = new FleetRoster(fleetTopic('d/{deviceId}'));
    hear(roster, 'a', '{}');
    assert.equal(roster.takeChanged().length, 1);
    assert.equal(roster.takeChanged().length, 0);
  });
});
