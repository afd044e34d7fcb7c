// Keeps a daemon on a configuration that works: reads changed files, tries what changes the way to the broker, goes back.
import { isAborted } from '../../support/abort.ts';
import { createWakeup } from '../../support/wakeup.ts';
import type { Config } from '../schema.ts';
import type { Booted } from './boot.ts';
import { changesBetween } from './changes.ts';
import type { ConfigNow } from './config-now.ts';
import { createDeliveryPatience } from './delivery-patience.ts';
import { keepState } from './keep-state.ts';
import type { Configured, Keeper, KeeperDeps } from './keeper-parts.ts';
import type { KeptState } from './kept-state.ts';
import { readChange } from './read-change.ts';
import { Stance } from './stance.ts';
import { afterReached, afterSilence, type Trial } from './trial.ts';
import { runTrials, type Trials } from './trials.ts';
import { judge, notReached, rolledBackBefore, type Read, type Version } from './version.ts';
import { createTreeWatch, type Settled } from './watch-tree.ts';

export function createKeeper(deps: KeeperDeps, booted: Booted): Keeper {
  return new FileKeeper(deps, booted);
}

class FileKeeper implements Keeper {
  readonly #deps: KeeperDeps;
  readonly #wakeup = createWakeup();
  readonly #watch;
  readonly #patience;
  readonly #stance: Stance;
  #good: Version;
  /** The one on probation, whichever runs; else the one that runs. */
  #newest: Version;
  #kept: KeptState;
  #read: Read;
  #scan: Booted['scan'];
  /** One decision after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: KeeperDeps, booted: Booted) {
    const { running, good, tried, kept, scan, because } = booted;
    this.#deps = deps;
    this.#watch = createTreeWatch(deps);
    this.#patience = createDeliveryPatience(deps.clock, deps.times.rescanMs);
    this.#stance = new Stance(deps.log, booted);
    [this.#good, this.#newest] = [good, tried ?? running];
    [this.#kept, this.#scan] = [kept, scan];
    this.#read = because === 'unfinished' ? { ...running.tree, delivered: '' } : scan;
  }

  config(): Config {
    return this.#stance.config();
  }

  now(): ConfigNow {
    return this.#stance.now();
  }

  readNow(): void {
    this.#watch.look();
  }

  reached(config: Config): void {
    if (this.#kept.trial === undefined) return;
    void this.#inTurn(async () => {
      const { trial } = this.#kept;
      // A link of the way before, or of the other tree, proves nothing; one opened before a filter changed does.
      if (trial === undefined || changesBetween(config, this.config()).link.length > 0) return;
      const verdict = afterReached(trial);
      if (verdict.kind === 'passed') await this.#pass();
      else if (verdict.kind === 'failed') await this.#condemn(trial);
      else await this.#turnTo(verdict.trial);
    });
  }

  async run(daemon: Configured, signal: AbortSignal): Promise<void> {
    this.#stance.attach(daemon);
    await this.#inTurn(() => this.#keep(this.#kept)); // only now: the daemon holds the lock of its outbox
    try {
      await Promise.all([this.#follow(daemon, signal), runTrials(this.#trials(), signal)]);
    } finally {
      this.#watch.close();
      await this.#turn;
    }
  }

  async #follow(daemon: Configured, signal: AbortSignal): Promise<void> {
    while (!isAborted(signal)) {
      const settled = await this.#watch.next(this.#scan, signal);
      if (settled !== undefined) await this.#inTurn(() => this.#consider(settled));
      if (settled?.asked === true && !this.#watch.isAsked()) daemon.askedDone?.();
    }
  }

  #trials(): Trials {
    return {
      ...{ clock: this.#deps.clock, wakeup: this.#wakeup },
      trial: () => this.#kept.trial,
      probationSeconds: () => this.#newest.loaded.config.config.probationSeconds,
      spent: (trial, spentMs) =>
        this.#inTurn(async () => {
          if (this.#kept.trial === trial) await this.#keepTrial({ ...trial, spentMs });
        }),
      over: (trial) =>
        this.#inTurn(async () => {
          if (this.#kept.trial === trial) await this.#turnTo(afterSilence(trial)); // else it has just been reached
        }),
    };
  }

  async #consider(settled: Settled): Promise<void> {
    const { asked, scan } = settled;
    if (!asked && this.#patience.waitsFor(scan.identity)) return;
    const change = await readChange(this.#deps, { read: this.#read, newest: this.#newest }, settled);
    if (change.kind === 'moved') {
      if (asked) this.#watch.look();
      return;
    }
    if (change.kind === 'unfinished') {
      // A delivery that goes on is no news; one that does not, or whoever asks, gets an answer.
      if (!this.#patience.isOver(scan.identity) && !asked) return;
      this.#scan = scan;
      this.#stance.reject([change.problem]);
      return;
    }
    [this.#scan, this.#read] = [scan, scan];
    if (change.kind === 'rejected') this.#stance.reject(change.problems);
    else await this.#accept({ loaded: change.loaded, tree: change.tree }, asked);
  }

  async #accept(candidate: Version, asked: boolean): Promise<void> {
    const now = { newest: this.#newest, good: this.#good, kept: this.#kept, online: this.#stance.online() };
    const judgement = judge(candidate, now);
    switch (judgement.kind) {
      case 'rolledBackBefore':
        this.#stance.reject([rolledBackBefore(this.#place())], 'rolled-back');
        return;
      case 'unchanged':
        await this.#unchanged(candidate, asked);
        return;
      case 'apply': {
        const { trial } = judgement;
        this.#newest = candidate;
        if (trial === undefined) this.#good = candidate;
        // On disk first: a power cut from here on finds a way back.
        await this.#keep({ good: this.#good.tree, ...(trial === undefined ? {} : { trial }) });
        if (trial?.side === 'old') return; // it waits for its turn
        const probation = trial === undefined ? {} : { probation: 'begun', evidence: trial.evidence };
        this.#stance.switchTo(candidate, probation);
        this.#wakeup.wake();
      }
    }
  }

  /** Other bytes that say the same: they are what a start without files would want. */
  async #unchanged(candidate: Version, asked: boolean): Promise<void> {
    const { trial } = this.#kept;
    const { hash, generation } = this.#newest.tree;
    const isSameTree = candidate.tree.hash === hash && candidate.tree.generation === generation;
    this.#newest = candidate;
    if (trial === undefined) this.#good = candidate;
    if (!isSameTree) {
      const on = trial === undefined ? {} : { trial: { ...trial, hash: candidate.tree.hash } };
      await this.#keep({ good: this.#good.tree, ...on });
    }
    if (trial?.side !== 'old') this.#stance.confirm(candidate, asked);
  }

  async #pass(): Promise<void> {
    this.#good = this.#newest;
    await this.#keep({ good: this.#good.tree });
    this.#wakeup.wake();
    this.#deps.log.info('config.applied', { hash: this.#good.loaded.hash, probation: 'passed' });
  }

  /** Lets the other one of the two try to reach the broker, or the same one once more. */
  async #turnTo(trial: Trial): Promise<void> {
    await this.#keepTrial(trial);
    if (trial.side === 'new') {
      this.#stance.switchTo(this.#newest, { probation: 'again', evidence: trial.evidence });
    } else {
      const why = { source: 'lastGood', because: 'notReached' };
      this.#stance.switchTo(this.#good, why, [notReached(this.#place())]);
    }
    this.#wakeup.wake();
  }

  async #condemn({ hash }: Trial): Promise<void> {
    const { probationSeconds } = this.#newest.loaded.config.config;
    const [from, to] = [this.#newest.loaded.hash, this.#good.loaded.hash];
    this.#newest = this.#good;
    await this.#keep({ good: this.#good.tree, bad: hash });
    const remedy = 'change the files: these are not tried again';
    this.#deps.log.error('config.rolledBack', { from, to, probationSeconds, remedy });
    this.#stance.refuse([rolledBackBefore(this.#place())], 'rolled-back');
    this.#wakeup.wake();
  }

  #place(): string {
    return this.#deps.paths[0] ?? '.';
  }

  /** An outage may last for days: the first round is kept, and what follows it would only wear out the storage. */
  async #keepTrial(trial: Trial): Promise<void> {
    const kept = { ...this.#kept, trial };
    if (trial.round === 0) await this.#keep(kept);
    else this.#kept = kept;
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
