// Keeps a daemon on a configuration that works: reads changed files, tries what changes the way to the broker, goes back.
import { isAborted } from '../../support/abort.ts';
import { createWakeup } from '../../support/wakeup.ts';
import { formatProblem, type Problem } from '../problem.ts';
import type { Config } from '../schema.ts';
import type { Booted } from './boot.ts';
import { changesBetween, withoutRestartKeys } from './changes.ts';
import { configAtStart, configNow, type ConfigNow } from './config-now.ts';
import { keepState } from './keep-state.ts';
import type { Configured, Keeper, KeeperDeps } from './keeper-parts.ts';
import type { KeptState } from './kept-state.ts';
import { readChange } from './read-change.ts';
import { runTrials, type Trials } from './trials.ts';
import { judge, rolledBackBefore, type Read, type Version } from './version.ts';
import { createTreeWatch, type Settled } from './watch-tree.ts';

export function createKeeper(deps: KeeperDeps, booted: Booted): Keeper {
  return new FileKeeper(deps, booted);
}

class FileKeeper implements Keeper {
  readonly #deps: KeeperDeps;
  readonly #wakeup = createWakeup();
  readonly #watch;
  #running: Version;
  #good: Version;
  #kept: KeptState;
  #config: Config;
  #now: ConfigNow;
  #read: Read;
  #scan: Booted['scan'];
  #daemon: Configured | undefined;
  /** One decision after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: KeeperDeps, booted: Booted) {
    const { running, good, kept, scan, because } = booted;
    this.#deps = deps;
    this.#watch = createTreeWatch(deps);
    [this.#running, this.#good, this.#kept, this.#scan] = [running, good, kept, scan];
    this.#config = running.loaded.config;
    this.#read = because === 'unfinished' ? { ...running.tree, delivered: '' } : scan;
    this.#now = configAtStart(booted);
  }

  config(): Config {
    return this.#config;
  }

  now(): ConfigNow {
    return this.#now;
  }

  readNow(): void {
    this.#watch.look();
  }

  reached(config: Config): void {
    if (config !== this.#config || this.#kept.trial === undefined) return;
    void this.#inTurn(async () => {
      if (config !== this.#config || this.#kept.trial === undefined) return;
      this.#good = this.#running;
      await this.#keep({ good: this.#good.tree });
      this.#wakeup.wake();
      const { hash } = this.#running.loaded;
      this.#deps.log.info('config.applied', { hash, probation: 'passed' });
    });
  }

  async run(daemon: Configured, signal: AbortSignal): Promise<void> {
    this.#daemon = daemon;
    await this.#inTurn(() => this.#keep(this.#kept)); // only now: the daemon holds the lock of its outbox
    try {
      await Promise.all([this.#follow(signal), runTrials(this.#trials(), signal)]);
    } finally {
      this.#watch.close();
      await this.#turn;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!isAborted(signal)) {
      const settled = await this.#watch.next(this.#scan, signal);
      if (settled !== undefined) await this.#inTurn(() => this.#consider(settled));
    }
  }

  #trials(): Trials {
    return {
      ...{ clock: this.#deps.clock, wakeup: this.#wakeup },
      trial: () => this.#kept.trial,
      probationSeconds: () => this.#config.config.probationSeconds,
      spent: (trial, spentMs) =>
        this.#inTurn(async () => {
          if (this.#kept.trial === trial) await this.#keep({ ...this.#kept, trial: { ...trial, spentMs } });
        }),
      over: ({ hash }) => this.#inTurn(() => this.#rollBack(hash)),
    };
  }

  async #consider(settled: Settled): Promise<void> {
    const before = { read: this.#read, running: this.#running };
    const change = await readChange(this.#deps, before, settled);
    if (change.kind === 'moved') {
      if (settled.asked) this.#watch.look();
      return;
    }
    this.#scan = settled.scan;
    if (change.kind === 'unfinished') {
      // A delivery that goes on is no news; whoever asks gets an answer.
      const level = settled.asked ? 'warn' : 'debug';
      this.#deps.log[level]('config.rejected', { problems: [formatProblem(change.problem)] });
      return;
    }
    this.#read = settled.scan;
    if (change.kind === 'rejected') this.#reject(change.problems);
    else await this.#accept(change, settled.asked);
  }

  async #accept({ loaded, tree }: Version, asked: boolean): Promise<void> {
    const candidate = { loaded, tree };
    const online = this.#daemon?.online() === true;
    const judgement = judge(candidate, {
      running: this.#running,
      good: this.#good,
      kept: this.#kept,
      online,
    });
    switch (judgement.kind) {
      case 'rolledBackBefore':
        this.#reject([rolledBackBefore(this.#deps.paths[0] ?? '.')], 'rolled-back');
        return;
      case 'unchanged':
        await this.#unchanged(candidate, asked);
        return;
      case 'apply': {
        const { trial } = judgement;
        if (trial === undefined) this.#good = candidate;
        // On disk first: a power cut from here on finds a way back.
        await this.#keep({ good: this.#good.tree, ...(trial === undefined ? {} : { trial }) });
        const probation = trial === undefined ? {} : { probation: trial.bound };
        this.#switchTo(candidate, { state: 'applied', problems: [] }, probation);
      }
    }
  }

  /** Other bytes that say the same: they are what a start without files would want. */
  async #unchanged(candidate: Version, asked: boolean): Promise<void> {
    const { hash: hashBefore, generation } = this.#running.tree;
    const sameTree = candidate.tree.hash === hashBefore && candidate.tree.generation === generation;
    if (!sameTree) {
      const { trial } = this.#kept;
      if (trial === undefined) this.#good = candidate;
      const { hash } = candidate.tree;
      await this.#keep({
        good: this.#good.tree,
        ...(trial === undefined ? {} : { trial: { ...trial, hash } }),
      });
    }
    const before = this.#now;
    this.#running = candidate;
    this.#tell(configNow(candidate, { state: 'applied', problems: [] }));
    const news = asked || before.state !== 'applied' || before.generation !== this.#now.generation;
    if (news) this.#deps.log.info('config.applied', { ...this.#now, changed: [] });
  }

  #switchTo(to: Version, as: Parameters<typeof configNow>[1], more: object): void {
    const before = this.#config;
    this.#running = to;
    this.#config = Object.freeze(withoutRestartKeys(to.loaded.config, before));
    const pending = changesBetween(this.#config, to.loaded.config).keys;
    const changed = changesBetween(before, this.#config).keys;
    this.#now = configNow(to, as);
    if (as.state === 'applied') {
      const { files, warnings } = to.loaded;
      this.#deps.log[warnings.length > 0 ? 'warn' : 'info']('config.applied', {
        ...{ ...this.#now, files, changed, ...more },
        ...(pending.length > 0 ? { needsRestart: pending } : {}),
        ...(warnings.length > 0 ? { warnings } : {}),
      });
    }
    this.#daemon?.apply(this.#config);
    this.#tell(this.#now);
    this.#wakeup.wake();
  }

  async #rollBack(hash: string): Promise<void> {
    if (this.#kept.trial?.hash !== hash) return; // it has just passed
    const { probationSeconds } = this.#config.config;
    const from = this.#running.loaded.hash;
    await this.#keep({ good: this.#good.tree, bad: hash });
    const to = this.#good.loaded.hash;
    const remedy = 'change the files: these are not tried again';
    this.#deps.log.error('config.rolledBack', { from, to, probationSeconds, remedy });
    const problems = [rolledBackBefore(this.#deps.paths[0] ?? '.')];
    this.#switchTo(this.#good, { state: 'rolled-back', problems }, {});
  }

  #reject(problems: readonly Problem[], state: 'rejected' | 'rolled-back' = 'rejected'): void {
    this.#deps.log.error('config.rejected', { problems: problems.map(formatProblem) });
    this.#tell(configNow(this.#running, { state, problems }));
  }

  #tell(now: ConfigNow): void {
    this.#now = now;
    this.#daemon?.stateChanged();
  }

  async #keep(kept: KeptState): Promise<void> {
    this.#kept = kept;
    await keepState(this.#deps, kept);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined); // its caller has the error
    return result;
  }
}
