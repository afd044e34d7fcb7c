// What runs, and what log and status say of it. It decides nothing and keeps nothing.
import { formatProblem, type Problem } from '../problem.ts';
import type { Config } from '../schema.ts';
import type { Log } from '../../support/log.ts';
import type { Booted } from './boot.ts';
import { changesBetween, withoutRestartKeys } from './changes.ts';
import { configAtStart, configNow, type ConfigNow } from './config-now.ts';
import type { Configured } from './keeper-parts.ts';
import type { Version } from './version.ts';

export class Stance {
  readonly #log: Log;
  #running: Version;
  #config: Config;
  #now: ConfigNow;
  #daemon: Configured | undefined;

  constructor(log: Log, booted: Booted) {
    this.#log = log;
    this.#running = booted.running;
    this.#config = booted.running.loaded.config;
    this.#now = configAtStart(booted);
  }

  running(): Version {
    return this.#running;
  }

  /** As the daemon follows it. */
  config(): Config {
    return this.#config;
  }

  now(): ConfigNow {
    return this.#now;
  }

  attach(daemon: Configured): void {
    this.#daemon = daemon;
  }

  online(): boolean {
    return this.#daemon?.online() === true;
  }

  /** `problems`: of the files, where it is not they that run. */
  switchTo(to: Version, more: object, problems: readonly Problem[] = []): void {
    const before = this.#config;
    this.#running = to;
    this.#config = Object.freeze(withoutRestartKeys(to.loaded.config, before));
    const pending = changesBetween(this.#config, to.loaded.config).keys;
    const changed = changesBetween(before, this.#config).keys;
    const now = configNow(to, { state: problems.length === 0 ? 'applied' : 'rolled-back', problems });
    const { files, warnings } = to.loaded;
    this.#log[warnings.length + problems.length > 0 ? 'warn' : 'info']('config.applied', {
      ...{ ...now, files, changed, ...more },
      ...(pending.length > 0 ? { needsRestart: pending } : {}),
      ...(warnings.length > 0 ? { warnings } : {}),
    });
    this.#daemon?.apply(this.#config);
    this.#tell(now);
  }

  /** Other files that say what runs. */
  confirm(same: Version, asked: boolean): void {
    const before = this.#now;
    this.#running = same;
    this.#tell(configNow(same, { state: 'applied', problems: [] }));
    const news = asked || before.state !== 'applied' || before.generation !== this.#now.generation;
    if (news) this.#log.info('config.applied', { ...this.#now, changed: [] });
  }

  reject(problems: readonly Problem[], state: 'rejected' | 'rolled-back' = 'rejected'): void {
    this.#log.error('config.rejected', { problems: problems.map(formatProblem) });
    this.refuse(problems, state);
  }

  /** As `reject`, where the log has it already. */
  refuse(problems: readonly Problem[], state: 'rejected' | 'rolled-back'): void {
    this.#tell(configNow(this.#running, { state, problems }));
  }

  #tell(now: ConfigNow): void {
    this.#now = now;
    this.#daemon?.stateChanged();
  }
}
