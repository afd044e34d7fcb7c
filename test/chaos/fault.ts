// One fault of the table: how it is made on a running daemon, the line a person then reads, how it is undone.
import type { Scope } from '../helpers/scope.ts';
import type { Stage, StageOptions } from './stage.ts';

export interface Fault {
  readonly says: string;
  readonly protocols: readonly (4 | 5)[];
  options?(scope: Scope): Promise<StageOptions>;
  make(stage: Stage, scope: Scope): Promise<void>;
  /** The first line after `make` that has all of these fields, RegExp by its text. */
  readonly told: Readonly<Record<string, unknown>>;
  undo(stage: Stage): Promise<void>;
  /** How many requests end in quarantine; default: none. */
  readonly quarantined?: number;
  /** How many connections it costs, where that is the point. */
  readonly losses?: number;
}

/** MQTT versions. */
export const BOTH = [4, 5] as const;
