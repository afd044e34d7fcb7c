// The camera: which there are, who may open it, who uses it, and one frame; that of a running daemon is left alone.
import { cameraFinder } from '../capture/create-camera.ts';
import { SYSTEM_DEVICES, systemDevices } from '../capture/find-device.ts';
import { listCameras, type ListedCamera } from '../capture/list-cameras.ts';
import { createV4l2, type V4l2 } from '../capture/v4l2-ctl.ts';
import type { Config } from '../config/schema.ts';
import { cameraSettings } from '../config/stage-settings.ts';
import { barrier, type Person } from '../support/access-rights.ts';
import { whoHasOpen } from '../support/who-has-open.ts';
import { groupId } from './eyes.ts';
import { findingsOf, type Finding } from './finding.ts';
import type { DaemonState, Eyes, Surroundings } from './surroundings.ts';
import { takeTestFrame } from './test-frame.ts';
import type { Told } from './told.ts';
import { usesDevice } from './tools.ts';

const { ok, warn, fail } = findingsOf('camera');

export interface CameraDeps {
  readonly config: Config;
  readonly surroundings: Surroundings;
  readonly eyes: Eyes;
  readonly daemon: DaemonState;
  /** What the daemon said last, once the broker has told. */
  readonly told: Promise<Told | undefined>;
}

export async function lookAtCamera(deps: CameraDeps): Promise<readonly Finding[]> {
  const { config, daemon, surroundings } = deps;
  if (!usesDevice(config.camera)) {
    const { driver, device } = config.camera;
    const drawn =
      driver === 'node-webcam' ? `${driver} draws its pictures (device ${device})` : `driver ${driver}`;
    return [ok(`${drawn}: no capture device is used`), ...(await takeTestFrame(surroundings, config))];
  }
  if (daemon.kind === 'runs') return [...(await devices(deps, 'bySysfs')), ...(await asTold(deps))];
  if (daemon.kind === 'unknown') return [...(await devices(deps, 'bySysfs')), UNKNOWN];
  const found = await devices(deps, 'byNode');
  const stands = found.some(({ verdict }) => verdict === 'fail');
  return stands ? found : [...found, ...(await takeTestFrame(surroundings, config))];
}

const UNKNOWN = warn(
  'whether a daemon uses the camera is not known to this user, so no test frame is taken',
  'run: sudo shutterd doctor',
);

/** `bySysfs` opens no node. */
async function devices(
  { config, surroundings, eyes }: CameraDeps,
  how: 'bySysfs' | 'byNode',
): Promise<readonly Finding[]> {
  const { clock, run, searchPath } = surroundings;
  const v4l2 = createV4l2({ clock, runProcess: run, searchPath });
  const folders = how === 'byNode' ? systemDevices(v4l2) : SYSTEM_DEVICES;
  const formats: Pick<V4l2, 'formats'> =
    how === 'byNode' ? v4l2 : { formats: () => Promise.resolve({ kind: 'answer', value: [] }) };
  const { cameras } = await listCameras(folders, formats);
  const find = cameraFinder(cameraSettings(config), { v4l2, searchPath, devices: folders });
  const found = await find?.();
  const listed = cameras.map((camera) => ok(wordsOf(camera)));
  if (found === undefined) return listed;
  if (found.kind === 'failed') {
    const rights = found.cause === 'permission' ? [] : await groupRights(surroundings, eyes);
    const failure = fail(found.detail, withSudo(found.remedy));
    return [...listed, failure, ...rights];
  }
  const { node } = found;
  if (node === 'csi') return [...listed, ok('no webcam: rpicam-vid takes the CSI camera')];
  return [
    ...listed,
    ...(cameras.some((camera) => camera.node === node) ? [] : [ok(`camera.device is ${node}`)]),
    ...(await nodeRights(node, eyes)),
    ...(await users(node, how)),
  ];
}

/** Formats of what auto takes alone: some devices have dozens, and shutterd cameras lists them. */
function wordsOf({ device, node, name, formats, problem, auto }: ListedCamera): string {
  const where = device === node ? node : `${node}, ${device}`;
  const sizes = formats
    .slice(0, FORMATS_MAX)
    .map(({ fourcc, sizes: granted }) => `${fourcc} ${granted.join(' ')}`.trim());
  const more = problem ?? (auto ? sizes.join(', ') : '');
  return `${name} (${where})${auto ? ', taken by auto' : ''}${more === '' ? '' : `: ${more}`}`;
}

const FORMATS_MAX = 4;

function withSudo(remedy: string): string {
  return remedy.replace('(usermod', '(sudo usermod');
}

/** Who cannot open the node: without the service's user the one who runs the daemon by hand counts. */
async function nodeRights(node: string, { self, service }: Eyes): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  // Root may open anything, which says nothing about the daemon.
  const people = [service, self].filter((each) => each !== undefined && each.userId !== 0);
  for (const person of people.filter((each) => each !== undefined)) {
    const at = await barrier(person, node, 'readAndWrite');
    const who = person === service ? `user ${person.name} of the service` : `user ${person.name}`;
    if (at === undefined) findings.push(ok(`${who} may open ${node}`));
    else if (person === service) findings.push(fail(`${who} may not open ${node}`, joinVideo(person)));
    else findings.push(warn(`${who} may not open ${node}`, joinVideo(person)));
  }
  return findings;
}

function joinVideo({ name }: Person): string {
  return name === 'shutterd'
    ? 'run: sudo usermod -aG video shutterd (or SupplementaryGroups=video in the unit), then sudo systemctl restart shutterd'
    : `run: sudo usermod -aG video ${name}, then log in again`;
}

/** Without a node its group is looked at, so that the camera is not the first of two trips. */
async function groupRights(surroundings: Surroundings, { self, service }: Eyes): Promise<readonly Finding[]> {
  const video = await groupId(surroundings, 'video');
  if (video === undefined) return [];
  const missing = [service, self].filter(
    (person) => person !== undefined && person.userId !== 0 && !person.groupIds.includes(video),
  );
  return missing.flatMap((person) =>
    person === undefined ? [] : [warn(`user ${person.name} is not in group video`, joinVideo(person))],
  );
}

async function users(node: string, how: 'bySysfs' | 'byNode'): Promise<readonly Finding[]> {
  const holders = await whoHasOpen(node);
  if (holders.length === 0) return [];
  const names = holders.map(({ name, pid }) => `${name} (process ${String(pid)})`).join(', ');
  return how === 'bySysfs'
    ? [ok(`${node} is open in ${names}`)]
    : [fail(`${node} is in use by ${names}`, 'end that program, or give it another camera')];
}

async function asTold({ told, daemon }: CameraDeps): Promise<readonly Finding[]> {
  const pid = daemon.kind === 'runs' && daemon.pid !== undefined ? ` (process ${String(daemon.pid)})` : '';
  const alone = `a daemon runs${pid}: its camera is left alone`;
  const said = await told;
  if (said === undefined) {
    const trial = 'to have a test frame taken: sudo systemctl stop shutterd, then run shutterd doctor again';
    return [ok(`${alone}, and no test frame is taken (${trial})`)];
  }
  const { state, cause } = said.camera;
  const last = said.capturedAt === '' ? '' : `, last picture ${said.capturedAt}`;
  if (state === 'failing')
    return [
      fail(`${alone}; it says: failing (${cause ?? 'no cause'})${last}`, 'run: journalctl -u shutterd -n 20'),
    ];
  return [ok(`${alone}; it says: ${state === 'unused' ? 'not used since its start' : state}${last}`)];
}
