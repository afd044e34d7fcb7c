// The socket that a service manager listens on, so that the real systemd-notify has somebody to tell; it answers nothing.
import { join } from 'node:path';
import { startChild, type Child } from '../../test/helpers/child.ts';
import type { Scope } from '../../test/helpers/scope.ts';

// Node has no datagram sockets of this family. Whoever reads without asking for descriptors has the kernel close those that
// come along, and that is what systemd-notify waits for.
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(65536).decode().replace("\\n", "|"), flush=True)
`;

export interface NotifySocket {
  /** For the daemon's environment. */
  readonly path: string;
  /** One line a message, its assignments joined with `|`; the barrier that systemd-notify sends behind each is one too. */
  readonly heard: Child['lines'];
}

export async function startNotifySocket(scope: Scope): Promise<NotifySocket> {
  const path = join(await scope.folder(), 'notify');
  const { lines } = startChild(scope, { file: 'python3', args: ['-c', LISTENER, path] });
  await lines.nth(1, (line) => line === 'bound');
  return { path, heard: lines };
}
