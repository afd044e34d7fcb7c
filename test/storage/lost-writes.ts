// What a power cut may leave of a recorded run: every subset of what was not flushed, as a model of a file system.
// It is pessimistic: of the changes of a folder since its last fsync each may be lost alone, the data of a file that
// was not flushed may be absent, cut or zeros; a rename is atomic. (Pillai et al., "All File Systems Are Not Created
// Equal", OSDI 2014; ext4 with data=ordered loses only the newest, in order.)

/** A change of names, of one or of two folders at once; `undefined` takes the name away. */
type NameChange = ReadonlyMap<string, number | undefined>;

interface Inode {
  readonly data: Buffer;
  readonly isFlushed: boolean;
}

/** What the run did so far and what of it is certain to last. */
export interface Moment {
  readonly names: ReadonlyMap<string, number>;
  readonly pending: readonly { readonly change: NameChange; readonly folders: readonly string[] }[];
  readonly inodes: ReadonlyMap<number, Inode>;
  /** Lines that the process had written to standard output and to the ledger. */
  readonly said: readonly string[];
  readonly acknowledged: readonly string[];
}

/** Absolute paths with their content: one disk that the next start may find. */
export type Disk = ReadonlyMap<string, Buffer>;

export const NOTHING_YET: Moment = {
  ...{ names: new Map(), pending: [], inodes: new Map(), said: [], acknowledged: [] },
};

/** One line of `strace -y -xx`; throws where it is a change that this model does not know. */
export function applyCall(moment: Moment, call: string, files: { said: string; ledger: string }): Moment {
  const [, name = '', args = '', result = ''] = /^(\w+)\((.*)\) += (-?\d+)/s.exec(call) ?? [];
  if (Number(result) < 0 || name === '') return moment;
  const strings = [...args.matchAll(/"([^"]*)"/g)].map(([, text]) => unhex(text ?? ''));
  const paths = strings.map((bytes) => bytes.toString('latin1'));
  const [, open = ''] = /^\d+<([^>]*)>/.exec(args) ?? [];
  const subject = open.includes('\\x') ? unhex(open).toString('latin1') : open;
  switch (name) {
    case 'openat':
      return args.includes('O_CREAT') && isIn(paths[0], files) ? created(moment, paths[0] ?? '') : moment;
    case 'write':
    case 'writev':
      return written(moment, subject, { files, data: Buffer.concat(strings) });
    case 'fdatasync':
      return withInode(moment, subject, (inode) => ({ ...inode, isFlushed: true }));
    case 'fsync':
      return flushed(moment, subject);
    case 'rename':
      return renamed(moment, paths[0] ?? '', paths[1] ?? '');
    case 'unlink':
      return changed(moment, new Map([[paths[0] ?? '', undefined]]));
    case 'close':
    case 'read':
    case 'statfs':
    case 'mkdir':
      return moment;
    default:
      throw new Error(`Cannot follow ${call}: this model does not know ${name}`);
  }
}

/** Every disk that a power cut at this moment may leave. */
export function* disksAfterPowerCut({ names, pending, inodes }: Moment): Generator<Disk> {
  for (let kept = 0; kept < 2 ** pending.length; kept += 1) {
    const found = new Map(names);
    pending.forEach(({ change }, index) => {
      if ((kept & (1 << index)) === 0) return;
      for (const [path, inode] of change) {
        if (inode === undefined) found.delete(path);
        else found.set(path, inode);
      }
    });
    yield* withData([...found], inodes);
  }
}

function* withData(
  names: readonly (readonly [string, number])[],
  inodes: ReadonlyMap<number, Inode>,
): Generator<Disk> {
  const [first, ...rest] = names;
  if (first === undefined) {
    yield new Map();
    return;
  }
  const [path, number] = first;
  const inode = inodes.get(number);
  for (const disk of withData(rest, inodes)) {
    for (const data of inode === undefined ? [] : variants(inode)) yield new Map([...disk, [path, data]]);
  }
}

function variants({ data, isFlushed }: Inode): readonly Buffer[] {
  if (isFlushed) return [data];
  const half = data.subarray(0, data.length >> 1);
  return [
    data,
    Buffer.alloc(0),
    Buffer.alloc(data.length),
    half,
    Buffer.concat([half, Buffer.alloc(data.length - half.length)]),
  ];
}

function isIn(path: string | undefined, { said, ledger }: { said: string; ledger: string }): boolean {
  return path !== undefined && path !== said && path !== ledger;
}

function created(moment: Moment, path: string): Moment {
  const number = moment.inodes.size + 1;
  const inodes = new Map([...moment.inodes, [number, { data: Buffer.alloc(0), isFlushed: false }] as const]);
  return changed({ ...moment, inodes }, new Map([[path, number]]));
}

function written(
  moment: Moment,
  subject: string,
  { files, data }: { files: { said: string; ledger: string }; data: Buffer },
): Moment {
  const line = data.toString('latin1').trim();
  if (subject === files.said) return { ...moment, said: [...moment.said, line] };
  if (subject === files.ledger) return { ...moment, acknowledged: [...moment.acknowledged, line] };
  return withInode(moment, subject, (inode) => ({
    data: Buffer.concat([inode.data, data]),
    isFlushed: false,
  }));
}

function withInode(moment: Moment, path: string, change: (inode: Inode) => Inode): Moment {
  const number = numberOf(moment, path);
  const inode = number === undefined ? undefined : moment.inodes.get(number);
  if (number === undefined || inode === undefined) return moment;
  return { ...moment, inodes: new Map([...moment.inodes, [number, change(inode)]]) };
}

/** By the name that the running process sees. */
function numberOf({ names, pending }: Moment, path: string): number | undefined {
  const change = pending.findLast((it) => it.change.has(path));
  return change === undefined ? names.get(path) : change.change.get(path);
}

function renamed(moment: Moment, from: string, to: string): Moment {
  return changed(
    moment,
    new Map([
      [from, undefined],
      [to, numberOf(moment, from)],
    ]),
  );
}

function changed(moment: Moment, change: NameChange): Moment {
  const folders = [...new Set([...change.keys()].map(folderOf))];
  return { ...moment, pending: [...moment.pending, { change, folders }] };
}

/** A rename between two folders is one change; the fsync of either makes it last. */
function flushed(moment: Moment, folder: string): Moment {
  const names = new Map(moment.names);
  const pending = moment.pending.filter(({ change, folders }) => {
    if (!folders.includes(folder)) return true;
    for (const [path, inode] of change) {
      if (inode === undefined) names.delete(path);
      else names.set(path, inode);
    }
    return false;
  });
  return { ...moment, names, pending };
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}
