// What is told about certificate, key and password files before a connection needs them.
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkTlsFiles, type TlsFiles } from '../../src/mqtt/check-tls.ts';
import { chmodCommand, wideRights, type Reader } from '../../src/mqtt/secret-file.ts';
import { createAuthority, type Authority } from '../helpers/certificates.ts';
import { Scope } from '../helpers/scope.ts';

const DAY_MS = 24 * 3600 * 1000;

describe('wideRights()', () => {
  const rights: readonly (readonly [mode: number, ownerUid: number, verdict: RegExp | undefined])[] = [
    [0o604, 0, /0604, which gives rights to everybody/],
    [0o601, 0, /everybody/],
    [0o644, 1000, /everybody/],
    [0o620, 0, /lets its group change it/],
    [0o660, 1000, /lets its group change it/],
    [0o640, 1000, /owner is not root, which lets its group read it/],
    [0o640, 0, undefined],
    [0o440, 0, undefined],
    [0o600, 1000, undefined],
    [0o400, 0, undefined],
  ];
  for (const [mode, ownerUid, verdict] of rights) {
    it(`${verdict === undefined ? 'takes' : 'refuses'} 0${mode.toString(8)} of user ${ownerUid}`, () => {
      const found = wideRights({ mode, ownerUid });
      if (verdict === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', verdict);
    });
  }

  it('has a command that a shell takes as it is meant', () => {
    const command = (path: string): string => chmodCommand(path, { ownerUid: 1000 }, { userId: 1000 });
    assert.equal(command('/etc/shutterd/tls/key.pem'), 'chmod 600 /etc/shutterd/tls/key.pem');
    assert.equal(command("/srv/it's $HOME"), String.raw`chmod 600 '/srv/it'\''s $HOME'`);
  });

  const service: Reader = { userId: 990, groupIds: [991, 44] };
  const shared = 'chgrp 991 /key && chmod 640 /key';
  const commands: readonly (readonly [ownerUid: number, reader: Reader | undefined, command: string])[] = [
    [0, service, shared],
    [0, { userId: 990 }, 'chgrp GROUP /key && chmod 640 /key'],
    [0, { userId: 0, groupIds: [0] }, 'chmod 600 /key'],
    [0, undefined, 'chmod 600 /key'],
    [990, service, 'chmod 600 /key'],
  ];
  for (const [ownerUid, reader, command] of commands) {
    it(`leaves user ${String(reader?.userId)} able to read a file of user ${ownerUid}: ${command}`, () => {
      assert.equal(chmodCommand('/key', { ownerUid }, reader), command);
    });
  }
});

describe('checkTlsFiles()', () => {
  const scope = new Scope();
  let authority: Authority;
  before(async () => {
    authority = await createAuthority(scope);
  });
  after(() => scope.end());

  const found = async (files: TlsFiles, clockSynchronised = true, inDays = 0): Promise<readonly string[]> => {
    const now = new Date(Date.now() + inDays * DAY_MS);
    const findings = await checkTlsFiles(files, { now, clockSynchronised });
    return findings.map(({ key, kind, found: what, remedy }) => `${kind} ${key} ${what}; ${remedy}`);
  };
  const file = async (text: string, mode = 0o600): Promise<string> => {
    const path = join(await scope.folder(), 'file');
    await writeFile(path, text, { mode });
    await chmod(path, mode);
    return path;
  };

  it('tells of files that are not there, and of such that hold something else', async () => {
    const nowhere = await found({ caFile: '/nowhere/ca', passwordFile: '/nowhere/password' });
    assert.match(
      nowhere.join('\n'),
      /broken mqtt\.tls\.caFile it is absent.*\n.*mqtt\.passwordFile it is absent/,
    );
    const [certFile, keyFile] = [await file('x'), await file('y')];
    const broken = await found({ certFile, keyFile });
    assert.equal(broken.length, 2);
    assert.match(broken.join('\n'), /certFile it does not parse.*\n.*keyFile it does not parse/);
  });

  it('tells of a key and a password that others may read, with the command to run', async () => {
    const { certFile, keyFile } = await authority.issue('DNS:device', 90);
    await chmod(keyFile, 0o644);
    const passwordFile = await file('secret', 0o604);
    const findings = await found({ certFile, keyFile, passwordFile });
    assert.equal(findings.length, 2);
    assert.ok(findings[0]?.endsWith(`run: chmod 600 ${keyFile}`));
    assert.ok(findings[1]?.endsWith(`run: chmod 600 ${passwordFile}`));
  });

  it('tells of a key of another certificate', async () => {
    const [one, other] = [await authority.issue('DNS:a', 90), await authority.issue('DNS:a', 90)];
    const findings = await found({ certFile: one.certFile, keyFile: other.keyFile });
    assert.match(findings.join('\n'), /^broken mqtt\.tls\.keyFile it is not the key of .*same set$/);
  });

  it('tells of dates: past, to come, and soon over; and of none while the clock is not synchronised', async () => {
    const { certFile } = await authority.issue('DNS:device', 90);
    assert.deepEqual(await found({ certFile }), []);
    assert.match((await found({ certFile }, true, 61))[0] ?? '', /^soon .*it expires on/);
    assert.match((await found({ certFile }, true, 91))[0] ?? '', /^broken .*it expired on/);
    assert.match((await found({ certFile }, true, -2))[0] ?? '', /^broken .*not valid before/);
    assert.deepEqual(await found({ certFile }, false, 91), []);
  });

  it('says nothing of a set that is well, nor of files that nobody named', async () => {
    const { certFile, keyFile } = await authority.issue('DNS:device', 90);
    assert.deepEqual(await found({ certFile, keyFile, passwordFile: await file('secret') }), []);
    assert.deepEqual(await found({}), []);
  });
});
