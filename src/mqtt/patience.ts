// How much longer than the plain deadline an answer to a large packet may take, learnt from one connection to the next.

export interface Patience {
  /** Milliseconds on top of the plain deadline; `bytes` of payload have been sent and not answered. */
  extraMs(bytes: number): number;
  timedOut(bytes: number, afterMs: number): void;
  answered(bytes: number, afterMs: number): void;
}

// 1 kB/s, a bad GPRS link: below that nothing gets through before the keep-alive runs out.
const MS_PER_BYTE_MAX = 1;
// What is smaller crosses any link within the plain deadline: its silence is the broker's.
const BYTES_MIN = 4096;

/**
 * "The last byte written to the socket" is in the kernel by then, perhaps a hundred kilobytes before the wire: on a slow
 * uplink a large request would be given up and sent again for ever. Each silence doubles the time that it had; each answer
 * brings the wait back to twice what it took.
 */
export function createPatience(): Patience {
  let msPerByte = 0;
  return {
    extraMs: (bytes) => Math.round(bytes * msPerByte),
    timedOut(bytes, afterMs) {
      if (bytes >= BYTES_MIN) msPerByte = Math.min(MS_PER_BYTE_MAX, (2 * afterMs) / bytes);
    },
    answered(bytes, afterMs) {
      if (bytes >= BYTES_MIN) msPerByte = Math.min(msPerByte, (2 * afterMs) / bytes);
    },
  };
}
