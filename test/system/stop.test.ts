// SIGTERM in each state ends the daemon with 0 in time, keeps what was not acknowledged, and leaves nothing behind.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHome, startDaemon, storedIds } from '../helpers/daemon.ts';
import { startBreakingProxy } from '../helpers/breaking-proxy.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { json, OUTCOME, quick, STATUS, stopsClean, storeSome, TRIGGER, webcam } from './settings.ts';

for (const protocol of [4, 5] as const) {
  describe(`SIGTERM to shutterd run, protocol ${protocol}`, function () {
    this.timeout(10_000); // what the contract gives it
    const scope = new Scope();
    afterEach(() => scope.end());

    it('ends it at rest, after it said offline', async () => {
      const broker = await startMosquitto(scope);
      const home = await createHome(scope, quick(broker.url, { 'mqtt.protocol': protocol }));
      const peer = await subscribe(scope, broker.port, { topics: [STATUS] });
      const daemon = startDaemon(scope, home);
      await peer.nth(STATUS);
      await stopsClean(daemon, home);
      assert.equal(json((await peer.nth(STATUS, 2)).payload)['state'], 'offline');
      assert.equal(peer.on(STATUS).length, 2);
      assert.deepEqual(daemon.lines.all.at(-1)?.['event'], 'daemon.stopping');
    });

    it('ends it while it takes a picture, with the capture helper and what that started', async () => {
      const broker = await startMosquitto(scope);
      const home = await createHome(scope, webcam(broker.url, { 'mqtt.protocol': protocol }));
      const peer = await subscribe(scope, broker.port, { topics: ['test/capturing', OUTCOME] });
      const said = `mosquitto_pub -h 127.0.0.1 -p ${broker.port} -t test/capturing -n`;
      const daemon = startDaemon(scope, {
        ...home,
        env: { ...home.env, PATH: await hangingFswebcam(home.folder, said, home.env['PATH'] ?? '') },
      });
      await daemon.waitFor('broker.connected');
      await publish(scope, broker.port, { topic: TRIGGER, protocol });
      await peer.nth('test/capturing');
      await stopsClean(daemon, home);
      const outcome = json((await peer.nth(OUTCOME)).payload);
      assert.deepEqual([outcome['outcome'], outcome['reason']], ['failed', 'stopping']);
      assert.deepEqual(await storedIds(home), []);
    });

    it('ends it while it connects', async () => {
      const [called, call] = signalled();
      const port = await startRawServer(scope, call);
      const settings = quick(`mqtt://127.0.0.1:${port}`, { 'mqtt.protocol': protocol });
      const home = await createHome(scope, settings);
      const daemon = startDaemon(scope, home);
      await called; // CONNECT is there, CONNACK never comes
      const ids = await storeSome(daemon, 1);
      await stopsClean(daemon, home);
      assert.deepEqual(await storedIds(home), ids);
    });

    it('ends it while it waits to connect again', async () => {
      const settings = quick('mqtt://127.0.0.1:1', {
        'mqtt.reconnect.baseSeconds': 3000,
        'mqtt.protocol': protocol,
      });
      const home = await createHome(scope, { ...settings, 'mqtt.reconnect.maxSeconds': 3000 });
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.retry');
      await stopsClean(daemon, home);
    });

    it('ends it in the middle of a publish into a black hole, and the outbox keeps the request', async () => {
      const broker = await startMosquitto(scope);
      const proxy = await startBreakingProxy(scope, broker.port);
      const home = await createHome(scope, webcam(proxy.url, { 'mqtt.protocol': protocol }));
      const daemon = startDaemon(scope, home);
      await daemon.waitFor('broker.connected');
      proxy.mode = 'blackhole';
      const before = proxy.bytesFromClients;
      const [sending, sent] = signalled();
      proxy.onClientBytes = (bytes) => {
        if (bytes - before > 20_000) sent();
      };
      const ids = await storeSome(daemon, 1);
      await sending;
      await stopsClean(daemon, home);
      assert.deepEqual(await storedIds(home), ids);
      assert.deepEqual(daemon.of('request.acknowledged'), []);
    });
  });
}

describe('shutterd run', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends with 0 at ${signal}`, async () => {
      const daemon = startDaemon(scope, await createHome(scope, quick('mqtt://127.0.0.1:1')));
      await daemon.waitFor('daemon.ready');
      daemon.signal(signal);
      daemon.signal(signal);
      assert.deepEqual(await daemon.ended, { code: 0, signal: null });
    });
  }
});

function signalled(): [Promise<void>, () => void] {
  let call = (): void => undefined;
  const called = new Promise<void>((resolve) => {
    call = resolve;
  });
  return [
    called,
    () => {
      call();
    },
  ];
}

/** A PATH whose fswebcam says that it has begun, and hangs in a child of its own. */
async function hangingFswebcam(folder: string, say: string, path: string): Promise<string> {
  const programs = join(folder, 'programs');
  await mkdir(programs);
  const script = `#!/bin/sh\n${say}\nsleep 600 &\nwait\n`;
  await writeFile(join(programs, 'fswebcam'), script, { mode: 0o755 });
  return `${programs}:${path}`;
}
