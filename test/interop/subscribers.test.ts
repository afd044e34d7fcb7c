// Our messages read by others' programs: with SHUTTERD_TEST_LONG=1 by Python's, otherwise by the same steps in Node.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHome, runShutterd, startDaemon, type Daemon } from '../helpers/daemon.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, quarters } from '../support/jpeg-samples.ts';
import { quick, REQUEST, RESPONSE, storeSome, type Settings } from '../system/settings.ts';
import { nodePeer, pythonPeer } from './peers.ts';

const LONG = process.env['SHUTTERD_TEST_LONG'] === '1';
const PICTURES = LONG ? 20 : 2;
const far = LONG ? pythonPeer : nodePeer;
const TOPICS = { request: REQUEST, response: RESPONSE };

describe(`subscribers in ${LONG ? 'Python' : 'Node'}`, () => {
  const scope = new Scope();
  let broker: Mosquitto;
  beforeEach(async () => {
    broker = await startMosquitto(scope);
  });
  afterEach(() => scope.end());

  const running = async (settings: Settings): Promise<Daemon> => {
    const daemon = startDaemon(scope, await createHome(scope, quick(broker.url, settings)));
    await daemon.waitFor('broker.connected');
    return daemon;
  };

  for (const protocol of [3, 4, 5]) {
    it(`that expect DL Streamer's messages decode ours, sent over MQTT ${protocol}`, async () => {
      const seen = await far(scope).subscriber(broker.port, REQUEST);
      const daemon = await running({ 'payload.format': 'dlstreamer', 'mqtt.protocol': protocol });
      const ids = await storeSome(daemon, PICTURES);
      await seen.nth(PICTURES, () => true);
      assert.deepEqual(
        seen.all,
        ids.map((id) => ({ id, width: 160, height: 120 })),
      );
    });
  }

  for (const metadata of [true, false]) {
    it(`that classify what the image pipeline sends answer us, metadata ${metadata ? 'on' : 'off'}`, async () => {
      const seen = await far(scope).responder(broker.port, TOPICS);
      const daemon = await running({ 'payload.metadata': metadata });
      for (let n = 1; n <= PICTURES; n += 1) {
        const [requestId] = await storeSome(daemon, 1);
        const { width, height, plain, id } = await seen.nth(n, () => true);
        assert.deepEqual([width, height, plain], [160, 120, !metadata]);
        assert.equal(id, metadata ? requestId : '');
        const result = await daemon.waitFor('result.received', n);
        assert.deepEqual(
          [result['requestId'], result['matchedBy'], result['confidence']],
          [requestId, 'order', 0.75],
        );
      }
    });
  }

  it('that classify answer shutterd publish --wait', async () => {
    await far(scope).responder(broker.port, TOPICS);
    const home = await createHome(scope, quick(broker.url, { 'payload.metadata': false }));
    const path = join(home.folder, 'quarters.jpg');
    await writeFile(path, await jpegOf(quarters(64, 48)));
    const { code, out, err } = await runShutterd(scope, home, ['publish', path, '--wait', '--json']);
    assert.deepEqual([code, err], [0, '']);
    const { classification, matchedBy } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([(classification as { confidence: number }).confidence, matchedBy], [0.75, 'order']);
  });
});
