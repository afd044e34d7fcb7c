// The file that durable-file's tests write, from this process and from the one that strace breaks.

export const DURABLE_NAME = 'sample';

/** As an entry is written: header, metadata, payload. */
export const DURABLE_PARTS: readonly Uint8Array[] = [
  Buffer.from('header\n'),
  Buffer.alloc(500, 'm'),
  Buffer.alloc(70_000, 'p'),
];
