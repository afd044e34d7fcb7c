// That MQTT.js keeps no copy of a payload, and that the payload arrives all the same.
import assert from 'node:assert/strict';
import { connectAsync, Store } from 'mqtt';
import { uncopied } from '../../src/mqtt/uncopied.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';

const BYTES = 128_000;

describe('uncopied()', () => {
  const scope = new Scope();

  afterEach(() => scope.end());

  it('is a view of the same bytes, also of a part of a larger piece of memory', () => {
    const memory = new Uint8Array(100).map((_, at) => at);
    const view = uncopied(memory.subarray(10, 20));
    assert.deepEqual([...view], [...memory.subarray(10, 20)]);
    assert.equal(view.buffer, memory.buffer);
    assert.ok(Buffer.isBuffer(view));
  });

  for (const qos of [1, 2] as const) {
    it(`leaves nothing in the store of MQTT.js at QoS ${qos}, and all of it at the far side`, async () => {
      const { url } = await startMosquitto(scope);
      const stored: number[] = [];
      class WatchedStore extends Store {
        override put(...[packet, done]: Parameters<Store['put']>): this {
          if (packet.cmd === 'publish') stored.push(packet.payload.length);
          return super.put(packet, done);
        }
      }
      const client = await connectAsync(url, { outgoingStore: new WatchedStore(), reconnectPeriod: 0 });
      scope.defer(() => client.endAsync(true));
      const arrived = new Promise<Buffer>((resolve) => {
        client.once('message', (_topic, payload) => {
          resolve(payload);
        });
      });
      await client.subscribeAsync('picture', { qos });
      const payload = new Uint8Array(BYTES).map((_, at) => at % 251);
      await client.publishAsync('picture', uncopied(payload), { qos });
      assert.deepEqual(stored, [0]);
      assert.ok((await arrived).equals(payload));
    });
  }
});
