// Which right name is meant by a wrong one.
import assert from 'node:assert/strict';
import { nearestName } from '../../src/config/nearest-name.ts';
import { schemaKeys } from '../../src/config/schema.ts';

describe('nearestName()', () => {
  const keys = [...schemaKeys().keys()];
  const cases: readonly [string, readonly string[], string | undefined][] = [
    ['xyzzy', keys, undefined],
    ['', keys, undefined],
    ['x'.repeat(5000), keys, undefined],
    ['mqtt.ulr', keys, 'mqtt.url'],
    ['MQTT.URL', keys, 'mqtt.url'],
    ['mqtt.keepalive_seconds', keys, 'mqtt.keepaliveSeconds'],
    ['mqtt.caFile', keys, 'mqtt.tls.caFile'],
    ['caFile', keys, 'mqtt.tls.caFile'],
    ['camera.widthPixels', keys, 'camera.widthPx'],
    ['captrue', ['run', 'capture', 'cameras'], 'capture'],
    ['--jsno', ['--json', '--config', '--set'], '--json'],
  ];
  for (const [wrong, names, expected] of cases) {
    it(`finds ${String(expected)} for ${wrong.slice(0, 30)}`, () => {
      assert.equal(nearestName(wrong, names), expected);
    });
  }
});
