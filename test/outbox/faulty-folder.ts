// A durable folder whose calls fail when a test says so; what does not fail is done on the real disk.
import type { DurableFolder } from '../../src/support/durable-file.ts';

export type FolderCall = 'write' | 'read' | 'remove' | 'move' | 'flush' | 'probe';

export interface FaultyFolder extends DurableFolder {
  /** Every such call fails with this code from now on, or those on names that `only` accepts. */
  breaks(code: string, calls: readonly FolderCall[], only?: (name: string) => boolean): void;
  works(): void;
  /** Such calls, on names that `only` accepts, begin only when the returned function was called: the disk is slow. */
  holds(calls: readonly FolderCall[], only?: (name: string) => boolean): () => void;
  readonly calls: readonly FolderCall[];
}

export function createFaultyFolder(folder: DurableFolder): FaultyFolder {
  let fault: { code: string; calls: readonly FolderCall[]; isMet: (name: string) => boolean } | undefined;
  const calls: FolderCall[] = [];
  let hold:
    { calls: readonly FolderCall[]; isMet: (name: string) => boolean; end: Promise<void> } | undefined;
  const meet = async <T>(call: FolderCall, name: string, work: () => Promise<T>): Promise<T> => {
    calls.push(call);
    if (fault?.calls.includes(call) === true && fault.isMet(name)) {
      throw Object.assign(new Error(`${fault.code}: the disk says no`), { code: fault.code });
    }
    if (hold?.calls.includes(call) === true && hold.isMet(name)) await hold.end;
    return work();
  };
  return {
    ...{ path: folder.path, calls },
    list: () => folder.list(),
    write: (name, parts) => meet('write', name, () => folder.write(name, parts)),
    read: (name, maxBytes, room) => meet('read', name, () => folder.read(name, maxBytes, room)),
    remove: (name) => meet('remove', name, () => folder.remove(name)),
    move: (name, to, as) => meet('move', name, () => folder.move(name, to, as)),
    flush: () => meet('flush', '', () => folder.flush()),
    probe: (bytes) => meet('probe', '', () => folder.probe(bytes)),
    breaks(code, broken, only = () => true) {
      fault = { code, calls: broken, isMet: only };
    },
    works() {
      fault = undefined;
    },
    holds(held, only = () => true) {
      let letGo: () => void = () => undefined;
      const end = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      hold = { calls: held, isMet: only, end };
      return letGo;
    },
  };
}
