// Runs the life of an outbox under strace and says what became of every request; it judges nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryFileName } from '../../src/outbox/entry-file.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { LIFE_PAYLOAD_BYTES, type LifePlan } from './life-plan.ts';

const LIFE = fileURLToPath(new URL('./outbox-life.js', import.meta.url));
/** Every system call that the outbox makes on its folder and its files. */
export const STORAGE_CALLS =
  'openat,write,writev,fdatasync,fsync,rename,unlink,close,read,mkdir,chmod,statfs';

export interface Life {
  readonly said: readonly string[];
  readonly signal: string | null;
  /** `name(arguments) = result`, in the order of their ends. */
  readonly calls: readonly string[];
  /** Which thread made each of them. */
  readonly threads: readonly string[];
  readonly acknowledged: readonly number[];
}

export interface LifeOptions {
  /** strace's expression. */
  readonly inject?: string;
  /** More of strace's own arguments. */
  readonly strace?: readonly string[];
  readonly plan?: LifePlan;
}

/** Lives from an empty folder in `root`, which it empties first. */
export function runLife(root: string, { inject, strace = [], plan = 'damaging' }: LifeOptions = {}): Life {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  const directory = join(root, 'outbox');
  const ledger = join(root, 'ledger');
  const traceFile = join(root, 'trace');
  const saidFile = join(root, 'said');
  const output = openSync(saidFile, 'a', 0o600);
  const ran = spawnSync(
    'strace',
    [
      ...['-f', '-y', '-qq', '-o', traceFile, '-e', `trace=${STORAGE_CALLS}`, ...strace],
      ...pathsOf(directory).flatMap((path) => ['-P', path]),
      ...(inject === undefined ? [] : ['-e', `inject=${inject}`]),
      ...[process.execPath, LIFE, directory, ledger, plan],
    ],
    // One thread does all of Node's file work, because strace counts calls for each thread.
    { env: { PATH: '/usr/bin:/bin', UV_THREADPOOL_SIZE: '1' }, stdio: ['ignore', output, 'inherit'] },
  );
  closeSync(output);
  assert.equal(ran.error, undefined, 'strace is installed');
  const calls = wholeCalls(readFileSync(traceFile, 'utf8'));
  return {
    ...{ signal: ran.signal, ...calls },
    said: readFileSync(saidFile, 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
    acknowledged: existsSync(ledger)
      ? readFileSync(ledger, 'utf8').split('\n').filter(Boolean).map(Number)
      : [],
  };
}

/** One line a call: where two threads are at work, strace tells of the beginning and of the end of a call apart. */
function wholeCalls(trace: string): Pick<Life, 'calls' | 'threads'> {
  const begun = new Map<string, string>();
  const ended: { readonly thread: string; readonly call: string }[] = [];
  for (const [, thread = '', text = ''] of trace.matchAll(/^(\d+) +(.*)$/gm)) {
    const [, beginning] = /^(\w+\(.*?) *<unfinished \.\.\.>$/.exec(text) ?? [];
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(text) ?? [];
    if (beginning !== undefined) begun.set(thread, beginning);
    else if (end !== undefined) ended.push({ thread, call: `${begun.get(thread) ?? ''}${end}` });
    else if (/^\w+\(/.test(text)) ended.push({ thread, call: text });
  }
  return { calls: ended.map(({ call }) => call), threads: ended.map(({ thread }) => thread) };
}

/** `SYSCALL:when=N` for every call of a trace; strace counts the calls of each thread for themselves. */
export function faultPoints({
  calls,
  threads,
}: Life): readonly { readonly call: string; readonly when: number }[] {
  const counts = new Map<string, number>();
  const points = calls.map((text, index) => {
    const call = text.slice(0, text.indexOf('('));
    const counted = `${threads[index] ?? ''} ${call}`;
    const when = (counts.get(counted) ?? 0) + 1;
    counts.set(counted, when);
    return { call, when };
  });
  return [...new Map(points.map((point) => [`${point.call} ${point.when}`, point])).values()];
}

/** Every `step`-th, and the last one. */
export function everyNth<T>(all: readonly T[], step: number): readonly T[] {
  return all.filter((_, index) => index % step === 0 || index === all.length - 1);
}

/** The numbers of the lines that begin with `what`. */
export function numbersSaid(life: Life, what: string): readonly number[] {
  return life.said
    .filter((line) => line.startsWith(`${what} `))
    .map((line) => Number(line.slice(what.length + 1)));
}

/** strace follows paths, not folders: all the names that the life can give a file. */
function pathsOf(directory: string): readonly string[] {
  const quarantine = join(directory, 'quarantine');
  const names = [1, 2, 3, 4, 5].map((number) =>
    entryFileName({
      sequence: number,
      requestId: sampleRequest(number).requestId,
      bytes: LIFE_PAYLOAD_BYTES,
    }),
  );
  return [
    ...[directory, quarantine],
    ...['.tmp-probe', '.tmp-.tmp-probe'].map((name) => join(directory, name)),
    ...names.flatMap((name) => [
      ...[name, `.tmp-${name}`, `${name}.outboxFull`].map((variant) => join(directory, variant)),
      ...[name, `${name}.reason`, `.tmp-${name}.reason`, `${name}.quarantineFull`].map((variant) =>
        join(quarantine, variant),
      ),
    ]),
  ];
}
