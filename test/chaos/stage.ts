// One device, its oracle broker and a breaking network between them; at the end the three must tell one story.
import assert from 'node:assert/strict';
import { startBreakingProxy, type BreakingProxy } from '../helpers/breaking-proxy.ts';
import { createHome, processesIn, startDaemon, type Daemon, type Home } from '../helpers/daemon.ts';
import type { Scope } from '../helpers/scope.ts';
import { checkConservation, type KeptEntry, type Verdict } from '../oracle/conservation.ts';
import { keptIn, quarantinedIn } from '../oracle/look-at-outbox.ts';
import { startOracle, type Oracle, type OracleOptions } from '../oracle/start-oracle.ts';
import { quick, storeSome, type Settings } from '../system/settings.ts';

export interface Stage {
  readonly home: Home;
  readonly oracle: Oracle;
  readonly proxy: BreakingProxy;
  /** All lives, the latest last. */
  readonly daemons: Daemon[];
  /** The latest life. */
  readonly daemon: () => Daemon;
  /** The next life. */
  begin(): Daemon;
  /** What lies in the outbox now; only while no daemon runs. */
  look(): Promise<void>;
  /** Stores one request and waits until the broker has acknowledged all that was stored in this life. */
  drained(): Promise<void>;
  /** SIGTERM, which must end it well, and what then became of every request. */
  verdict(kills?: number): Promise<Verdict>;
}

export interface StageOptions extends OracleOptions {
  readonly settings?: Settings;
  /** Of the daemon, beside what every home has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: through the proxy. */
  readonly url?: (parts: { readonly oracle: Oracle; readonly proxy: BreakingProxy }) => string;
}

/** Deadlines of about a second, so that each fault shows within a few. */
export async function setStage(scope: Scope, options: StageOptions = {}): Promise<Stage> {
  const oracle = await startOracle(scope, options);
  const proxy = await startBreakingProxy(scope, oracle.port);
  const url = options.url?.({ oracle, proxy }) ?? proxy.url;
  const deadlines = { 'mqtt.connectTimeoutSeconds': 1, 'mqtt.ackTimeoutSeconds': 1 };
  const home = await createHome(scope, quick(url, { ...deadlines, ...options.settings }), options.env);
  const daemons: Daemon[] = [];
  const seen: KeptEntry[] = [];
  const daemon = (): Daemon => {
    const latest = daemons.at(-1);
    if (latest === undefined) throw new Error('no daemon has been started');
    return latest;
  };
  return {
    ...{ home, oracle, proxy, daemons, daemon },
    begin() {
      const next = startDaemon(scope, home);
      daemons.push(next);
      return next;
    },
    async look() {
      seen.push(...(await keptIn(home.outbox)));
    },
    drained: () => drained(daemon()),
    async verdict(kills = 0) {
      const last = daemon();
      assert.deepEqual(await last.stop(), { code: 0, signal: null }, last.errors.all.join('\n'));
      assert.deepEqual(last.errors.all, []);
      assert.deepEqual(await processesIn(home), []);
      return checkConservation({
        lines: daemons.flatMap(({ lines }) => lines.all),
        arrivals: oracle.requests(),
        kept: await keptIn(home.outbox),
        quarantined: await quarantinedIn(home.outbox),
        ...{ seen, kills },
      });
    },
  };
}

/** The outbox is first in, first out: when the marker is acknowledged, nothing older waits. */
async function drained(daemon: Daemon): Promise<void> {
  const [marker] = await storeSome(daemon, 1);
  await daemon.lines.nth(
    1,
    (line) => line['event'] === 'request.acknowledged' && line['requestId'] === marker,
  );
}
