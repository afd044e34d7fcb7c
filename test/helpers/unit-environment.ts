// The environment that systemd/shutterd.service gives the daemon, for whatever measures its memory. It starts nothing.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The assignments of the unit's `Environment=` lines (systemd.exec(5)), one a line where they hold blanks. */
export function unitEnvironment(): Readonly<Record<string, string>> {
  const unit = readFileSync(resolve('systemd/shutterd.service'), 'utf8');
  const lines = [...unit.matchAll(/^Environment=(.+)$/gm)].map(([, value]) => value ?? '');
  const assignments = lines.flatMap((line) => (line.startsWith('"') ? [line.slice(1, -1)] : line.split(' ')));
  return Object.fromEntries(assignments.map((assignment) => splitOnce(assignment)));
}

function splitOnce(assignment: string): readonly [string, string] {
  const at = assignment.indexOf('=');
  return [assignment.slice(0, at), assignment.slice(at + 1)];
}
