// Node and the machine that it was built for; it installs nothing.
import type { Finding } from './finding.ts';
import { findingsOf } from './finding.ts';
import { ask, type Surroundings } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('program');

const FACTS =
  'const { header } = process.report.getReport(); console.log(JSON.stringify([process.versions.node, process.arch, header.glibcVersionRuntime ?? ""]))';
const NODE_NEEDED: readonly [major: number, minor: number] = [20, 19];

/** Asks the Node program itself, in a process of its own. */
export async function lookAtProgram(surroundings: Surroundings): Promise<readonly Finding[]> {
  const { nodePath } = surroundings.machine;
  const ran = await ask(surroundings, [nodePath, '-e', FACTS], NODE_MS_MAX);
  if (ran.kind !== 'exited' || ran.code !== 0)
    return [fail(`${nodePath} does not run (${ran.kind})`, 'install Node 20.19 or newer')];
  return judgeProgram(JSON.parse(ran.stdout) as readonly [string, string, string]);
}

const NODE_MS_MAX = 8000; // a Pi takes half a second, a busy one several

export function judgeProgram([node, architecture, glibc]: readonly [
  string,
  string,
  string,
]): readonly Finding[] {
  const what = `Node ${node} on ${architecture}, ${glibc === '' ? 'no glibc' : `glibc ${glibc}`}`;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isOld = major < NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor < NODE_NEEDED[1]);
  if (isOld) return [fail(what, `install Node ${NODE_NEEDED.join('.')} or newer`)];
  if (glibc === '')
    return [fail(what, 'use a system with glibc (Raspberry Pi OS, Debian): others are not supported')];
  if (architecture === 'arm')
    return [
      warn(
        `${what}: 32-bit, Node has no releases for it beyond 22`,
        'use the 64-bit Raspberry Pi OS on a Pi 400; the parts for 32-bit exist for this version alone',
      ),
    ];
  return ['arm64', 'x64'].includes(architecture)
    ? [ok(what)]
    : [warn(what, 'use arm64 or x64: nobody tests this architecture')];
}
