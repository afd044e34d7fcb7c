// What the tests of the outbox commands share: a state directory with files of real requests, and the commands run in this process.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command, Context } from '../../src/cli/command.ts';
import { outboxExportCommand } from '../../src/cli/outbox-export.ts';
import { outboxListCommand } from '../../src/cli/outbox-list.ts';
import { outboxPurgeCommand } from '../../src/cli/outbox-purge.ts';
import { outboxRetryCommand } from '../../src/cli/outbox-retry.ts';
import { outboxShowCommand } from '../../src/cli/outbox-show.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Request } from '../../src/domain.ts';
import { encodeEntry, entryFileName } from '../../src/outbox/entry-file.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';
import { sampleRequest } from '../helpers/sample-request.ts';

const COMMANDS: readonly Command[] = [
  outboxListCommand,
  outboxShowCommand,
  outboxExportCommand,
  outboxRetryCommand,
  outboxPurgeCommand,
];

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface OutboxCommandBench {
  readonly folder: string;
  readonly outbox: string;
  readonly quarantine: string;
  /** Writes the file of a request and gives its name. */
  put(place: 'outbox' | 'quarantine', sequence: number, request?: Request): string;
  run(...argv: readonly string[]): Promise<Ran>;
  /** Runs a command whose wall clock stands at `now`; `each` is called whenever it reads the monotonic one. */
  runAt(now: Date, argv: readonly string[], each?: (context: Context) => void): Promise<Ran>;
  names(place?: 'outbox' | 'quarantine'): readonly string[];
  end(): void;
}

export const STORED_AT = '2031-05-06T07:08:10.000Z';

export function createOutboxCommandBench(): OutboxCommandBench {
  const folder = mkdtempSync(join(tmpdir(), 'shutterd-test-'));
  const [outbox, config] = [join(folder, 'state', 'outbox'), join(folder, 'config')];
  const quarantine = join(outbox, 'quarantine');
  mkdirSync(config, { mode: 0o700 });
  const bench: OutboxCommandBench = {
    ...{ folder, outbox, quarantine },
    put(place, sequence, request = sampleRequest(sequence)) {
      const at = place === 'outbox' ? outbox : quarantine;
      mkdirSync(at, { recursive: true, mode: 0o700 });
      const { requestId, payload } = request;
      const name = entryFileName({ sequence, requestId, bytes: payload.length });
      const stored = { request, storedAt: STORED_AT, storedAtSynchronised: true };
      writeFileSync(join(at, name), Buffer.concat(encodeEntry(stored)), { mode: 0o600 });
      return name;
    },
    run: (...argv) => bench.runAt(new Date('2031-05-06T10:30:00.000Z'), argv),
    async runAt(now, argv, each) {
      let [out, err] = ['', ''];
      const system = createSystemClock();
      const context: Context = {
        machine: {
          ...{ hostName: 'pi-1', userId: process.getuid?.() ?? 0, nodePath: process.execPath },
          env: { PATH: process.env['PATH'], STATE_DIRECTORY: join(folder, 'state') },
          kill: (pid, signal) => process.kill(pid, signal),
          temporaryFolder: folder,
        },
        clock: { ...system, now: () => now, monotonicMs: () => (each?.(context), system.monotonicMs()) },
        ...{ random: createFixedRandom(), version: '0.0.0', outIsTerminal: false },
        // One character a byte, so that a test can compare bytes as well.
        out: (text) => (out += typeof text === 'string' ? text : Buffer.from(text).toString('latin1')),
        err: (text) => (err += text),
        ...{ stop: new AbortController().signal, onHangUp: () => undefined, onUserSignal: () => undefined },
      };
      const code = await runCli(['--config', config, 'outbox', ...argv], COMMANDS, context);
      return { code, out, err };
    },
    names: (place = 'outbox') =>
      readdirSync(place === 'outbox' ? outbox : quarantine)
        .filter((name) => name !== '.lock' && name !== 'quarantine')
        .sort(),
    end() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return bench;
}
