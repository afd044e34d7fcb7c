// The programs that the daemon runs, each with its version; it installs none.
import type { Config } from '../config/schema.ts';
import { findingsOf, type Finding } from './finding.ts';
import { ask, type Surroundings } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('tools');

interface Tool {
  readonly program: string;
  readonly versionFlag: string;
  readonly debianPackage: string;
  /** What goes wrong without it; `undefined` where nothing does. */
  readonly without: (camera: Config['camera'] | undefined) => Lack | undefined;
}

interface Lack {
  readonly verdict: 'warn' | 'fail';
  readonly what: string;
}

const TOOLS: readonly Tool[] = [
  {
    ...{ program: 'fswebcam', versionFlag: '--version', debianPackage: 'fswebcam' },
    without: (camera) =>
      camera?.driver === 'node-webcam'
        ? lacking('fail', 'camera.driver node-webcam takes no picture')
        : undefined,
  },
  {
    ...{ program: 'ffmpeg', versionFlag: '-version', debianPackage: 'ffmpeg' },
    without: (camera) =>
      camera?.driver === 'stream' ? lacking('fail', 'camera.driver stream takes no picture') : undefined,
  },
  {
    ...{ program: 'v4l2-ctl', versionFlag: '--version', debianPackage: 'v4l-utils' },
    without: (camera) =>
      camera !== undefined && usesDevice(camera)
        ? lacking('warn', 'a camera is told by sysfs alone, and camera.controls cannot be set')
        : undefined,
  },
  {
    ...{ program: 'flock', versionFlag: '--version', debianPackage: 'util-linux' },
    without: () => lacking('fail', 'the outbox cannot be locked, so the daemon does not start'),
  },
];

export function usesDevice({ driver, device }: Config['camera']): boolean {
  return driver === 'stream' || (driver === 'node-webcam' && device !== 'TEST');
}

/** Without a configuration nothing says which of them are needed. */
export async function lookAtTools(
  surroundings: Surroundings,
  camera: Config['camera'] | undefined,
): Promise<readonly Finding[]> {
  const found = await Promise.all(TOOLS.map((tool) => lookAt(surroundings, tool)));
  const there = found.filter(({ version }) => version !== undefined);
  const lacks = found.flatMap(({ tool, version }) => {
    const lack = version === undefined ? tool.without(camera) : undefined;
    return lack === undefined ? [] : [missing(tool, lack)];
  });
  const versions = there.map(({ tool, version }) => `${tool.program} ${version ?? ''}`.trimEnd());
  return [...(versions.length === 0 ? [] : [ok(versions.join(', '))]), ...lacks];
}

function missing({ program, debianPackage }: Tool, { verdict, what }: Lack): Finding {
  const say = verdict === 'fail' ? fail : warn;
  return say(`${program} is not installed: ${what}`, `run: sudo apt-get install ${debianPackage}`);
}

async function lookAt(
  surroundings: Surroundings,
  tool: Tool,
): Promise<{ readonly tool: Tool; readonly version: string | undefined }> {
  const ran = await ask(surroundings, [tool.program, tool.versionFlag], VERSION_MS_MAX);
  if (ran.kind === 'missing') return { tool, version: undefined };
  const said = ran.kind === 'exited' ? `${ran.stdout}\n${ran.stderr}` : '';
  return { tool, version: VERSION.exec(said)?.[1] ?? '' };
}

// Beside a test frame on a Pi, loading ffmpeg's libraries takes some seconds.
const VERSION_MS_MAX = 10_000;

/** `ffmpeg version 5.1.6`, `v4l2-ctl 1.22.1`, `fswebcam 20140113`: the first number that is no part of a name. */
const VERSION = /(?:^|\s)(\d+(?:\.\d+)+|\d{8})/;

function lacking(verdict: Lack['verdict'], what: string): Lack {
  return { verdict, what };
}
