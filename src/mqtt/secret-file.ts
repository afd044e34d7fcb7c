// Reads key and password files, and refuses those that others could read or change; it mends no rights itself.
import { OperatingError } from '../support/errors.ts';
import { readBoundedFile } from '../support/files.ts';

export interface SecretFile {
  /** As the message names it: `private key`, `mqtt.passwordFile`. */
  readonly what: string;
  readonly path: string;
  readonly maxBytes: number;
  /** What a file of this kind is, for the message. */
  readonly allowed: string;
  /** Error codes: the file cannot be read; its rights are too wide. */
  readonly codes: { readonly unreadable: string; readonly tooWide: string };
  readonly reader?: Reader | undefined;
}

/** Who has to be able to read the file; the main group comes first. */
export interface Reader {
  readonly userId: number;
  readonly groupIds?: readonly number[];
}

/** The file's bytes. Rejects with an OperatingError that names what is so and, for rights, the command to run. */
export async function readSecretFile(secret: SecretFile): Promise<Uint8Array> {
  const { what, path, maxBytes, allowed, codes, reader } = secret;
  const file = await readBoundedFile(path, maxBytes);
  if (file.kind !== 'read') {
    const found = file.kind === 'failed' ? file.code : file.kind;
    throw new OperatingError(`Cannot read ${what} ${path}: ${found}, ${allowed} is needed`, {
      code: codes.unreadable,
    });
  }
  const tooWide = wideRights(file);
  if (tooWide === undefined) return file.bytes;
  throw new OperatingError(
    `Cannot use ${what} ${path}: ${tooWide}, ${RIGHTS_ALLOWED}; run: ${chmodCommand(path, file, reader)}`,
    { code: codes.tooWide },
  );
}

/**
 * What is so where a secret has rights that it must not have. A group may read what root owns: that is how one service is
 * given a file (0640 root:GROUP), and how the mask of an access list shows on a credential of systemd (0440 root). Which
 * group it is, the kernel has looked at already: a process that is not root has read the file as one of that group. Root
 * reads any; it runs commands for a service whose group it does not know.
 */
export function wideRights(file: { readonly mode: number; readonly ownerUid: number }): string | undefined {
  const mode = `its mode is 0${file.mode.toString(8).padStart(3, '0')}`;
  if ((file.mode & 0o007) !== 0) return `${mode}, which gives rights to everybody`;
  if ((file.mode & 0o030) !== 0) return `${mode}, which lets its group change it`;
  if ((file.mode & 0o040) !== 0 && file.ownerUid !== 0)
    return `${mode} and its owner is not root, which lets its group read it`;
  return undefined;
}

export const RIGHTS_ALLOWED =
  'only its owner may read it, or root and the group of the service (0640 root:GROUP)';

/**
 * Takes away what is too much and leaves what `reader` needs, where it is known: of a file that root owns, the group is all
 * that another user can have. The path is quoted for a shell.
 */
export function chmodCommand(
  path: string,
  { ownerUid }: { readonly ownerUid: number },
  reader: Reader | undefined,
): string {
  const quoted = /^[A-Za-z0-9._/@+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
  if (reader === undefined || reader.userId === 0 || ownerUid !== 0) return `chmod 600 ${quoted}`;
  const group = reader.groupIds?.[0];
  return `chgrp ${group === undefined ? 'GROUP' : String(group)} ${quoted} && chmod 640 ${quoted}`;
}
