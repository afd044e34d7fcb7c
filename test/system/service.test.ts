// What a service manager hears from the real daemon: a stand-in for systemd-notify writes down what it is called with.
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWakeup } from '../../src/support/wakeup.ts';
import { configure, createHome, runShutterd, startDaemon, type Home } from '../helpers/daemon.ts';
import { Scope } from '../helpers/scope.ts';
import { quick, stopsClean } from './settings.ts';

const AWAY = 'mqtt://127.0.0.1:1';

describe('shutterd run under a service manager', function () {
  this.timeout(60_000);
  const scope = new Scope();
  afterEach(() => scope.end());

  it('is ready without a broker, pings, tells its state, reloads, and says that it stops', async () => {
    const { home, heard } = await managed(scope, { WATCHDOG_USEC: '400000' });
    const daemon = startDaemon(scope, home);
    const first = await heard.until((calls) => calls.length > 0);
    assert.match(first[0] ?? '', /^READY=1\|STATUS=offline for 0 s( \(connection refused\))?, outbox 0\|$/);
    assert.equal(daemon.of('daemon.ready').length, 1);
    await heard.until((calls) => calls.filter((call) => call.includes('WATCHDOG=1|')).length >= 4);
    await heard.until((calls) => calls.some((call) => call.includes('(connection refused), outbox 0|')));
    daemon.signal('SIGHUP');
    const reloaded = await heard.until((calls) => calls.filter(isReady).length === 2);
    const reload = reloaded.findIndex((call) => /^RELOADING=1\|MONOTONIC_USEC=\d+\|/.test(call));
    assert.ok(reload > 0 && reload < reloaded.findLastIndex(isReady), reloaded.join('\n'));
    daemon.signal('SIGUSR1');
    await heard.until((calls) => calls.some((call) => /outbox 1, last picture \d s ago\|/.test(call)));
    await stopsClean(daemon, home);
    const [last] = (await heard.now()).slice(-1);
    assert.equal(last, 'STOPPING=1|STATUS=stopping|');
  });

  it('is told nothing of the socket where there is none', async () => {
    const { home, heard } = await managed(scope, {});
    const daemon = startDaemon(scope, { ...home, env: { ...home.env, NOTIFY_SOCKET: '' } });
    await daemon.waitFor('daemon.ready');
    await stopsClean(daemon, home);
    assert.deepEqual(await heard.now(), []);
  });

  it('says once that systemd-notify is missing, and works on', async () => {
    const { home } = await managed(scope, { WATCHDOG_USEC: '400000' });
    await writeFile(join(home.folder, 'programs', 'systemd-notify'), '#!/nowhere/at/all\n');
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('daemon.notify');
    daemon.signal('SIGUSR1');
    await daemon.waitFor('request.stored');
    await stopsClean(daemon, home);
    assert.equal(daemon.of('daemon.notify').length, 1);
  });

  it('with a bad first configuration does not end before other files lie there, so that it is not started all day', async () => {
    const { home, heard } = await managed(scope, {});
    await configure(home, { 'mqtt.url': 'http://nowhere' });
    const daemon = startDaemon(scope, home);
    await heard.until((calls) => calls.some((call) => call.startsWith('STATUS=configuration rejected (1')));
    assert.equal(daemon.of('config.rejected').length, 1);
    await configure(home, quick(AWAY));
    const mendedMs = performance.now();
    assert.deepEqual(await daemon.ended, { code: 2, signal: null });
    assert.ok(performance.now() - mendedMs < 25_000, 'it was the 30 s, not the files, that ended it');
    assert.deepEqual((await heard.now()).filter(isReady), []);
  });

  it('ends at once with 0 where it is stopped before other files came', async () => {
    const { home, heard } = await managed(scope, {});
    await configure(home, { 'mqtt.url': 'http://nowhere' });
    const daemon = startDaemon(scope, home);
    await heard.until((calls) => calls.length > 0);
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  });

  it('does not wait where a person has started it', async () => {
    const { home } = await managed(scope, {});
    await configure(home, { 'mqtt.url': 'http://nowhere' });
    const ran = await runShutterd(scope, { ...home, env: { ...home.env, NOTIFY_SOCKET: '' } }, ['run']);
    assert.equal(ran.code, 2);
  });
});

const never = new AbortController().signal;

function isReady(call: string): boolean {
  return call.startsWith('READY=1|');
}

interface Heard {
  /** The calls, each with its arguments and a `|` after each of them. */
  now(): Promise<readonly string[]>;
  until(enough: (calls: readonly string[]) => boolean): Promise<readonly string[]>;
}

async function managed(
  scope: Scope,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly home: Home; readonly heard: Heard }> {
  const home = await createHome(scope, quick(AWAY), env);
  const programs = join(home.folder, 'programs');
  const file = join(home.folder, 'heard');
  await mkdir(programs);
  await writeFile(file, '');
  const script = `#!/bin/sh\n{ printf '%s|' "$@"; echo; } >>${file}\n`;
  await writeFile(join(programs, 'systemd-notify'), script, { mode: 0o755 });
  const PATH = `${programs}:${home.env['PATH'] ?? ''}`;
  const now = async (): Promise<readonly string[]> =>
    (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const until: Heard['until'] = async (enough) => {
    const wakeup = createWakeup();
    const changes = watch(file, () => {
      wakeup.wake();
    });
    try {
      for (let calls = await now(); ; calls = await now()) {
        if (enough(calls)) return calls;
        await wakeup.wait(never);
      }
    } finally {
      changes.close();
    }
  };
  return {
    home: { ...home, env: { ...home.env, NOTIFY_SOCKET: join(home.folder, 'socket'), PATH } },
    heard: { now, until },
  };
}
