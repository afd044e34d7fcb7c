// What outlives the daemon: the last good tree, the one on probation, the one that failed. It decides nothing.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openDurableFolder } from '../../support/durable-file.ts';
import { readBoundedFile } from '../../support/files.ts';
import { isRecord } from '../format.ts';
import { treeOfFiles, type KeptFile, type KeptTree } from './kept-tree.ts';
import { beginTrial, type Trial } from './trial.ts';

export interface KeptState {
  /** Ran last and, where it changed the way to the broker, has reached it. */
  readonly good?: KeptTree;
  readonly trial?: Trial;
  /** Hash of the tree that was rolled back; it is not tried again. */
  readonly bad?: string;
}

export interface ReadState {
  readonly state: KeptState;
  /** Why there is nothing though something lies there; nothing of a damaged state is believed. */
  readonly damage?: string;
}

export interface StateStore {
  /** The file. */
  readonly path: string;
  /** Empty where nothing was kept. Rejects with the system's error. */
  read(): Promise<ReadState>;
  /** Whole or not at all. Rejects with the system's error. */
  write(state: KeptState): Promise<void>;
}

const FILE_NAME = 'state.json';
const VERSION = 1;
// Files of 256 KiB at most, of which a device reads a handful; base64 takes a third more.
const STATE_BYTES_MAX = 64 * 1024 * 1024;

/** One place for each set of `--config` paths: two configurations on one machine do not inherit from each other. */
export function createStateStore(stateDirectory: string, paths: readonly string[]): StateStore {
  const path = placeOf(stateDirectory, paths);
  return {
    path: join(path, FILE_NAME),
    async read() {
      const folder = await openDurableFolder(path);
      if (!(await folder.list()).includes(FILE_NAME)) return { state: {} };
      const bytes = await folder.read(FILE_NAME, STATE_BYTES_MAX);
      if (bytes === undefined) return { state: {}, damage: 'it is no file of this service' };
      return parseState(Buffer.from(bytes).toString('utf8'));
    },
    async write(state) {
      const folder = await openDurableFolder(path);
      await folder.write(FILE_NAME, [Buffer.from(JSON.stringify(stateToJson(state)))]);
    },
  };
}

/** The same for those who only look: no folder is made. `denied`: this user may not look there. */
export async function lookAtState(
  stateDirectory: string,
  paths: readonly string[],
): Promise<({ readonly kind: 'kept' } & ReadState) | { readonly kind: 'denied' }> {
  const read = await readBoundedFile(join(placeOf(stateDirectory, paths), FILE_NAME), STATE_BYTES_MAX);
  if (read.kind === 'failed' && read.code === 'EACCES') return { kind: 'denied' };
  const kept = read.kind === 'read' ? parseState(Buffer.from(read.bytes).toString('utf8')) : { state: {} };
  return { kind: 'kept', ...kept };
}

function placeOf(stateDirectory: string, paths: readonly string[]): string {
  const name = createHash('sha256').update(JSON.stringify(paths)).digest('hex').slice(0, 16);
  return join(stateDirectory, 'configuration', name);
}

function stateToJson({ good, trial, bad }: KeptState): unknown {
  return {
    version: VERSION,
    ...(good === undefined ? {} : { good: treeToJson(good) }),
    // What was known of the network is not known after a start.
    ...(trial === undefined ? {} : { trial: { hash: trial.hash, side: trial.side, spentMs: trial.spentMs } }),
    ...(bad === undefined ? {} : { bad }),
  };
}

function treeToJson({ hash, generation, files }: KeptTree): unknown {
  const texts = files.map(({ bytes, ...place }) => ({
    ...place,
    base64: Buffer.from(bytes).toString('base64'),
  }));
  return { hash, generation, files: texts };
}

function parseState(text: string): ReadState {
  const said = jsonOf(text);
  if (!isRecord(said)) return { state: {}, damage: 'its content is cut or was overwritten' };
  if (said['version'] !== VERSION) {
    return { state: {}, damage: `its version is not ${String(VERSION)}: another release wrote it` };
  }
  const good = parseTree(said['good']);
  if (good === undefined && said['good'] !== undefined) {
    return { state: {}, damage: 'its files do not have their hash' };
  }
  const trial = parseTrial(said['trial']);
  const { bad } = said;
  return {
    state: {
      ...(good === undefined ? {} : { good }),
      ...(trial === undefined ? {} : { trial }),
      ...(typeof bad === 'string' ? { bad } : {}),
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // written whole, so somebody else was here
  }
}

/** A tree whose bytes do not have its hash any more is none. */
function parseTree(said: unknown): KeptTree | undefined {
  if (!isRecord(said) || !Array.isArray(said['files'])) return undefined;
  const files = said['files'].map(parseFile);
  const whole = files.filter((file) => file !== undefined);
  const { generation } = said;
  const tree = treeOfFiles(whole, typeof generation === 'string' ? generation : undefined);
  return whole.length === files.length && tree.hash === said['hash'] ? tree : undefined;
}

function parseFile(said: unknown): KeptFile | undefined {
  if (!isRecord(said)) return undefined;
  const { source, path, base64 } = said;
  if (typeof source !== 'number' || typeof path !== 'string' || typeof base64 !== 'string') return undefined;
  if (!Number.isSafeInteger(source) || source < 0 || path.split('/').includes('..')) return undefined;
  return { source, path, bytes: Buffer.from(base64, 'base64') };
}

function parseTrial(said: unknown): Trial | undefined {
  if (!isRecord(said)) return undefined;
  const { hash, side, spentMs } = said;
  if (typeof hash !== 'string' || typeof spentMs !== 'number') return undefined;
  return { ...beginTrial(hash, 'none'), side: side === 'old' ? 'old' : 'new', spentMs };
}
