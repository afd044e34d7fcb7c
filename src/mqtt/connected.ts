// Waits until a socket that was just made is connected, or has failed; it opens none.
import { orAborted } from '../support/abort.ts';

export interface Connecting {
  once(event: string, listener: (error?: Error) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/** Resolves at `event`; at the first error or an abort it rejects, and the socket is destroyed. */
export async function connected<S extends Connecting>(
  socket: S,
  event: 'connect' | 'secureConnect' | 'open',
  { signal, destroy }: { signal: AbortSignal; destroy: () => void },
): Promise<S> {
  socket.on('error', () => undefined); // later errors belong to nobody: the close that follows is what counts
  const ready = new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      reject(error ?? new Error('unknown'));
    });
    socket.once(event, () => {
      resolve();
    });
  });
  try {
    const first = await orAborted(ready, signal);
    if (first.kind === 'aborted') throw new Error('Cannot connect: the attempt was ended');
    return socket;
  } catch (error) {
    destroy();
    throw error;
  }
}
