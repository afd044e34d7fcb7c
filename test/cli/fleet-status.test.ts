// `shutterd fleet status` with a real mosquitto: a real daemon among devices that say anything at all.
import assert from 'node:assert/strict';
import { createHome, runShutterd, startDaemon, startShutterd, type Home } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto, type Mosquitto } from '../helpers/mosquitto.ts';
import { publish } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { quick, TRIGGER } from '../system/settings.ts';

interface Row {
  readonly device: string;
  readonly state: string;
  readonly version: string | null;
  readonly outbox: { readonly entries: number | null };
  readonly capturedAt: string | null;
}

describe('shutterd fleet status', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const status = (args: readonly string[]): string[] => ['fleet', 'status', ...args];
  const tell = (broker: Mosquitto, device: string, payload: string): Promise<void> =>
    publish(scope, broker.port, {
      topic: `device/${device}/status`,
      payload: Buffer.from(payload),
      retain: true,
    });
  /** Three devices: one well, one gone, one that wants to take over the terminal. */
  const threeFakes = async (broker: Mosquitto): Promise<void> => {
    await tell(
      broker,
      'cam-1',
      JSON.stringify({
        ...{ state: 'online', version: '0.1.0', device_id: 'cam-1' },
        config: { hash: 'f'.repeat(64), generation: '2026-07', state: 'rejected', errors: ['a', 'b'] },
        outbox: { entries: 12, bytes: 5, quarantined: 1 },
        last: { captured_at: '2020-01-01T00:00:00.000Z' },
        host: { cpu_temperature_c: 51.23 },
      }),
    );
    await tell(broker, 'cam-2', JSON.stringify({ state: 'offline', version: '0.0.9', device_id: 'cam-2' }));
    await tell(
      broker,
      'evil\u202eJ',
      JSON.stringify({
        ...{ state: 'online', version: '\u001b[31m\n'.repeat(500), outbox: { entries: -1 } },
        ...{ config: [], last: 7, host: { cpu_temperature_c: '1e9' } },
      }),
    );
  };
  const listener = async (broker: Mosquitto): Promise<Home> => createHome(scope, quick(broker.url));

  for (const seconds of ['0', '-1', 'soon', '99999']) {
    it(`ends with 2 for --timeout ${seconds}`, async () => {
      const home = await createHome(scope, quick('mqtt://127.0.0.1:1'));
      const { code, err } = await runShutterd(scope, home, status([`--timeout=${seconds}`]));
      assert.equal(code, 2);
      assert.match(err, /^Cannot wait ".*": allowed is seconds above 0 and up to 3600$/);
    });
  }

  it('ends with 1 and names the cause where there is no broker', async () => {
    const home = await createHome(scope, quick(`mqtt://127.0.0.1:${await freePort()}`));
    const { code, err } = await runShutterd(scope, home, status([]));
    assert.equal(code, 1);
    assert.match(err, /^Cannot reach broker .*ECONNREFUSED/);
  });

  it('ends with 1 when --watch loses its broker', async () => {
    const broker = await startMosquitto(scope);
    const watch = startShutterd(scope, await listener(broker), status(['--watch']));
    await watch.errors.nth(1, (line) => line.startsWith('No device has a status on '));
    await broker.stop();
    assert.equal((await watch.ended).code, 1);
    assert.match(watch.errors.all[1] ?? '', /^Cannot go on watching: /);
  });

  it('shows a daemon and three others, one line each, with nothing that a terminal obeys', async () => {
    const broker = await startMosquitto(scope);
    await threeFakes(broker);
    const home = await createHome(scope, { ...quick(broker.url), 'device.id': 'real' });
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    await publish(scope, broker.port, { topic: TRIGGER });
    await daemon.waitFor('request.acknowledged');
    const { code, out, err } = await runShutterd(scope, home, status([]));
    assert.equal(code, 0, err);
    assert.match(err, /^4 devices on device\/\+\/status, 3 online$/);
    const lines = out.split('\n');
    assert.equal(lines.length, 5, out);
    assert.match(lines[0] ?? '', /^DEVICE +STATE +VERSION +CONFIG +OUTBOX +LAST PICTURE +CPU$/);
    assert.match(
      lines[1] ?? '',
      /^cam-1 +online +0\.1\.0 +2026-07 rejected \(2 errors\) +12 \+ 1 in quarantine +\d{4,} d ago +51\.2 °C$/,
    );
    assert.match(lines[2] ?? '', /^cam-2 +offline +0\.0\.9 +- +- +- +-$/);
    assert.match(lines[3] ?? '', /^evil\\u202eJ +online +\\u001b\[31m.*\.\.\. +- +- +- +-$/);
    assert.match(lines[4] ?? '', /^real +online +\d+\.\d+\.\d+ +[0-9a-f]{8} applied +\d+ +\S+/);
    assert.doesNotMatch(out.replaceAll('\n', ''), /\p{Cc}/u);
    await daemon.stop();
    const after = await runShutterd(scope, home, status(['--json']));
    const rows = JSON.parse(after.out) as Row[];
    assert.deepEqual(rows.map(({ device, state }) => `${device} ${state}`).slice(-1), ['real offline']);
    assert.equal(rows[0]?.outbox.entries, 12);
  });

  it('--json is plain JSON, a hostile device and one that is gone among its rows', async () => {
    const broker = await startMosquitto(scope);
    await threeFakes(broker);
    await tell(broker, '__proto__', '{"__proto__":{"state":"online"},"state":["online"],"outbox":"many"}');
    const home = await listener(broker);
    const { code, out } = await runShutterd(scope, home, status(['--json']));
    assert.equal(code, 0);
    assert.doesNotMatch(out.replaceAll('\n', ''), /[\p{Cc}\u202e]/u);
    const rows = JSON.parse(out) as Row[];
    const told = rows.map(({ device, state, outbox }) => [device, state, outbox.entries]);
    assert.deepEqual(told, [
      ['__proto__', 'unreadable', null],
      ['cam-1', 'online', 12],
      ['cam-2', 'offline', null],
      [String.raw`evil\u202eJ`, 'online', null],
    ]);
  });

  it('speaks of one device and one error in the singular', async () => {
    const broker = await startMosquitto(scope);
    await tell(
      broker,
      'cam-1',
      '{"state":"online","config":{"generation":"g","state":"rejected","errors":["e"]}}',
    );
    const { out, err } = await runShutterd(scope, await listener(broker), status([]));
    assert.match(err, /^1 device on device\/\+\/status, 1 online$/);
    assert.match(out, /^cam-1 +online +- +g rejected \(1 error\) /m);
  });

  it('--watch prints what changes, a line each, until a signal', async () => {
    const broker = await startMosquitto(scope);
    await threeFakes(broker);
    const watch = startShutterd(scope, await listener(broker), status(['--watch', '--json']));
    await watch.lines.nth(3);
    await tell(broker, 'cam-2', '{"state":"online","version":"0.2.0"}');
    const row = JSON.parse(await watch.lines.nth(4)) as Row;
    assert.deepEqual([row.device, row.state, row.version], ['cam-2', 'online', '0.2.0']);
    watch.signal('SIGINT');
    assert.deepEqual(await watch.ended, { code: 0, signal: null });
  });
});
