// What the main thread and the thread of the entries say to each other; it sends nothing.
import type { Entry } from '../domain.ts';
import type { Loaded } from './entry-disk.ts';

/** What the thread is told when it starts. */
export interface EntryFolder {
  readonly path: string;
  readonly ownerUid: number;
}

export type Jobs =
  | { readonly kind: 'load'; readonly loads: readonly LoadJob[] }
  | { readonly kind: 'remove'; readonly names: readonly string[] };

export interface LoadJob {
  readonly entry: Entry;
  readonly spare: ArrayBuffer | undefined;
}

/** All of one message, in the order of its jobs. */
export type Answers =
  | { readonly kind: 'loaded'; readonly outcomes: readonly Outcome<Loaded>[] }
  | { readonly kind: 'removed'; readonly outcomes: readonly Outcome<undefined>[] };

export type Outcome<Result> = { readonly kind: 'done'; readonly result: Result } | Fault;

/** A system error, in a form that keeps its fields on the way from one thread to another. */
export interface Fault {
  readonly kind: 'failed';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is no system error is a bug, and thrown. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error && 'errno' in error)) throw error;
  return { kind: 'failed', message: error.message, fields: Object.fromEntries(Object.entries(error)) };
}

/** With `errno`, `code`, `syscall` and `path` as Node gave them. */
export function errorOf({ message, fields }: Fault): Error {
  return Object.assign(new Error(message), fields);
}
