// A broker that refuses: one request too large for it, or the right to publish missing; nothing is lost or blocks the rest.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHome, startDaemon, storedIds } from '../helpers/daemon.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, noise, quarters } from '../support/jpeg-samples.ts';
import { json, quick, REQUEST, stopsClean } from './settings.ts';

const MAX_PACKET_BYTES = 20_000;

describe('shutterd run at a broker that refuses', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const protocol of [4, 5] as const) {
    it(`sets aside what is too large for the broker and delivers what comes after, protocol ${protocol}`, async () => {
      const broker = await startMosquitto(scope, { lines: [`max_packet_size ${MAX_PACKET_BYTES}`] });
      const pictures = await scope.folder();
      await writeFile(join(pictures, 'a-large.jpg'), await jpegOf(noise(160, 120)));
      await writeFile(join(pictures, 'b-small.jpg'), await jpegOf(quarters(160, 120)));
      const settings = { 'mqtt.protocol': protocol, 'camera.driver': 'file', 'camera.path': pictures };
      const home = await createHome(scope, quick(broker.url, settings));
      const peer = await subscribe(scope, broker.port, { topics: [REQUEST] });
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.connected');
      for (let n = 1; n <= 2; n += 1) {
        daemon.signal('SIGUSR1');
        await daemon.waitFor('request.stored', n);
      }
      const aside = await daemon.waitFor('request.quarantined');
      assert.match(String(aside['reason']), /^3 times the broker (refused|closed)/);
      const arrived = json((await peer.nth(REQUEST, 1)).payload);
      const [, small] = daemon.of('request.stored');
      assert.equal(arrived['request_id'], small?.['requestId']);
      await stopsClean(daemon, home);
    });
  }

  it('keeps every request where the right to publish is missing, and says so once', async () => {
    const acl = ['topic read #', 'topic write device/pi-test/#'];
    const broker = await startMosquitto(scope, { acl });
    const home = await createHome(scope, quick(broker.url, { 'mqtt.protocol': 5 }));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    daemon.signal('SIGUSR1');
    const { requestId } = await daemon.waitFor('request.stored');
    const line = await daemon.waitFor('broker.refused');
    assert.deepEqual([line['requestId'], line['reasonCode']], [requestId, 135]);
    assert.match(String(line['remedy']), /access list/);
    await stopsClean(daemon, home);
    assert.deepEqual(await storedIds(home), [requestId]);
  });
});
