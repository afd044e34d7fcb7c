// The flags that every command takes.
import type { Flags } from './parse-arguments.ts';

export const GLOBAL_FLAGS: Flags = {
  config: {
    kind: 'text',
    repeats: true,
    value: 'PATH',
    doc: 'configuration file or folder; may repeat, later wins (default /etc/shutterd where it exists)',
  },
  set: { kind: 'text', repeats: true, value: 'KEY=VALUE', doc: 'sets one key over all files; may repeat' },
  json: { kind: 'switch', doc: 'machine-readable output' },
  help: { kind: 'switch', short: 'h', doc: 'shows this help' },
};
