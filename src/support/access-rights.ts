// Whether another user may use a path, by owner, group and permission bits; access lists and capabilities are not seen.
import { dirname } from 'node:path';
import { fileFacts, type FileFacts } from './file-facts.ts';
import { resolveLink } from './files.ts';

export interface Person {
  /** For messages. */
  readonly name: string;
  /** -1: the system gives one only while the service runs; it owns nothing then. */
  readonly userId: number;
  readonly groupIds: readonly number[];
}

export type Access = 'read' | 'write' | 'readAndWrite';

const BITS: Readonly<Record<Access, number>> = Object.freeze({ read: 4, write: 2, readAndWrite: 6 });
const ENTER = 1;

/** What keeps the person out: the path itself or a folder above it. `undefined` where nothing does, or nobody may look. */
export async function barrier(person: Person, path: string, access: Access): Promise<string | undefined> {
  const real = (await resolveLink(path)) ?? path;
  for (const folder of foldersAbove(real)) {
    const facts = await fileFacts(folder);
    if (facts !== undefined && !allows(person, facts, ENTER)) return folder;
  }
  const facts = await fileFacts(real);
  return facts === undefined || allows(person, facts, BITS[access]) ? undefined : real;
}

/** As the kernel decides: the first of owner, group and others that fits, and no other (path_resolution(7)). */
export function allows(
  { userId, groupIds }: Person,
  { mode, ownerUid, groupId }: Pick<FileFacts, 'mode' | 'ownerUid' | 'groupId'>,
  bits: number,
): boolean {
  if (userId === 0) return true;
  const shift = userId === ownerUid ? 6 : groupIds.includes(groupId) ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

/** The outermost first. */
function foldersAbove(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [...foldersAbove(above), above];
}
