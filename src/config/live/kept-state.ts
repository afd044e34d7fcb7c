// What outlives the daemon: the last good tree, the one on probation, the one that failed. It decides nothing.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openDurableFolder } from '../../support/durable-file.ts';
import { isRecord } from '../format.ts';
import { treeOfFiles, type KeptFile, type KeptTree } from './kept-tree.ts';

export interface Trial {
  /** Of the tree on probation. */
  readonly hash: string;
  /** Running time that it has had without the broker. */
  readonly spentMs: number;
  /** `unbounded`: an outage began before the change, so the broker's silence says nothing about it. */
  readonly bound: 'bounded' | 'unbounded';
}

export interface KeptState {
  /** Ran last and, where it changed the way to the broker, has reached it. */
  readonly good?: KeptTree;
  readonly trial?: Trial;
  /** Hash of the tree that was rolled back; it is not tried again. */
  readonly bad?: string;
}

export interface StateStore {
  /** Where a kept tree may be laid out. */
  readonly layoutFolder: string;
  /** Empty where nothing was kept or what was kept cannot be read back. Rejects with the system's error. */
  read(): Promise<KeptState>;
  /** Whole or not at all. Rejects with the system's error. */
  write(state: KeptState): Promise<void>;
}

const FILE_NAME = 'state.json';
const VERSION = 1;
// Files of 256 KiB at most, of which a device reads a handful; base64 takes a third more.
const STATE_BYTES_MAX = 64 * 1024 * 1024;

/** One place for each set of `--config` paths: two configurations on one machine do not inherit from each other. */
export function createStateStore(stateDirectory: string, paths: readonly string[]): StateStore {
  const name = createHash('sha256').update(JSON.stringify(paths)).digest('hex').slice(0, 16);
  const path = join(stateDirectory, 'configuration', name);
  return {
    layoutFolder: join(path, 'layout'),
    async read() {
      const folder = await openDurableFolder(path);
      if (!(await folder.list()).includes(FILE_NAME)) return {};
      const bytes = await folder.read(FILE_NAME, STATE_BYTES_MAX);
      return bytes === undefined ? {} : parseState(Buffer.from(bytes).toString('utf8'));
    },
    async write(state) {
      const folder = await openDurableFolder(path);
      await folder.write(FILE_NAME, [Buffer.from(JSON.stringify(stateToJson(state)))]);
    },
  };
}

function stateToJson({ good, ...rest }: KeptState): unknown {
  if (good === undefined) return { version: VERSION, ...rest };
  const files = good.files.map(({ bytes, ...place }) => ({
    ...place,
    base64: Buffer.from(bytes).toString('base64'),
  }));
  return { version: VERSION, ...rest, good: { hash: good.hash, generation: good.generation, files } };
}

function parseState(text: string): KeptState {
  const said = jsonOf(text);
  if (!isRecord(said) || said['version'] !== VERSION) return {};
  const good = parseTree(said['good']);
  const trial = parseTrial(said['trial']);
  const { bad } = said;
  return {
    ...(good === undefined ? {} : { good }),
    ...(trial === undefined ? {} : { trial }),
    ...(typeof bad === 'string' ? { bad } : {}),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // written whole, so somebody else was here: as if nothing were kept
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
  const { hash, spentMs, bound } = said;
  if (typeof hash !== 'string' || typeof spentMs !== 'number') return undefined;
  return { hash, spentMs, bound: bound === 'unbounded' ? 'unbounded' : 'bounded' };
}
