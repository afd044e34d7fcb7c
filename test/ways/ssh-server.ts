// A real sshd on a free loopback port with keys that were made for it, and an `ssh` in a folder of its own that finds it.
import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../helpers/child.ts';
import { freePort } from '../helpers/free-port.ts';
import type { Scope } from '../helpers/scope.ts';
import { shWell } from './device.ts';

/** Whoever asks for the host `camera` comes here; gives the folder with that `ssh`, to be put in front of the PATH. */
export async function startSshServer(
  scope: Scope,
): Promise<{ readonly programs: string; readonly user: string }> {
  const folder = await scope.folder();
  const [port, user] = [await freePort(), userInfo().username];
  const path = (name: string): string => join(folder, name);
  for (const key of ['host', 'user']) {
    await shWell(scope, `ssh-keygen -q -t ed25519 -N '' -f ${path(key)}`, { cwd: folder });
  }
  // As root it gives up its rights here before a client is known; the Debian package makes the folder at boot only.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const server = [
    ...[`ListenAddress 127.0.0.1`, `Port ${port}`, `HostKey ${path('host')}`, `PidFile none`],
    ...[`AuthorizedKeysFile ${path('user.pub')}`, 'StrictModes no', 'PasswordAuthentication no', 'UsePAM no'],
  ];
  const client = [
    ...['Host camera', 'HostName 127.0.0.1', `Port ${port}`, `IdentityFile ${path('user')}`, 'BatchMode yes'],
    ...['IdentitiesOnly yes', 'StrictHostKeyChecking accept-new', `UserKnownHostsFile ${path('known')}`],
  ];
  await writeFile(path('sshd_config'), `${server.join('\n')}\n`);
  await writeFile(path('ssh_config'), `${client.join('\n')}\n`);
  await mkdir(path('bin'));
  const wrapper = `#!/bin/sh\nexec "${await programPath(scope, 'ssh')}" -F "${path('ssh_config')}" "$@"\n`;
  await writeFile(path('bin/ssh'), wrapper, { mode: 0o755 });
  const sshd = startChild(scope, {
    file: await programPath(scope, 'sshd'),
    args: ['-D', '-e', '-f', path('sshd_config')],
  });
  await sshd.errors.nth(1, (line) => line.startsWith('Server listening'));
  const probe = connect({ port, host: '127.0.0.1' });
  await once(probe, 'connect');
  probe.destroy();
  return { programs: path('bin'), user };
}

async function programPath(scope: Scope, name: string): Promise<string> {
  return (await shWell(scope, `PATH="$PATH:/usr/sbin"; command -v ${name}`, { cwd: '/' })).trim();
}
