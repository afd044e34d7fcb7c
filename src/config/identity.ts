// Finds the name of a device that nobody has named, so that two of them never share one. It changes nothing on the machine.
import { createHash } from 'node:crypto';
import { ALLOWED } from './allowed.ts';
import { deviceId } from './formats.ts';

/** What a machine knows of itself; a fact that does not exist here is absent. */
export interface MachineFacts {
  readonly hostName: string;
  readonly piSerial?: string | undefined;
  readonly machineId?: string | undefined;
}

export type Identity =
  | { readonly kind: 'named'; readonly deviceId: string }
  | { readonly kind: 'unnamed'; readonly found: string; readonly allowed: string };

// Host names that many machines have at once: Raspberry Pi OS's and the kernel's own.
const SHARED_NAMES: ReadonlySet<string> = new Set(['', 'raspberrypi', 'localhost']);
const SERIAL_PATHS = ['/sys/firmware/devicetree/base/serial-number', '/proc/device-tree/serial-number'];
const MACHINE_ID_PATHS = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
const SUFFIX_DIGITS = 6;
const NAME_CHARACTERS_MAX = 128 - 1 - SUFFIX_DIGITS; // of a device id, with room for the suffix

/**
 * The name of a Greengrass core device, for a component that its nucleus has started: topics that the recipe allows by
 * `{iot:thingName}` are then this device's. `undefined` anywhere else.
 */
export function componentIdentity(env: Readonly<Record<string, string | undefined>>): Identity | undefined {
  const thing = env['AWS_IOT_THING_NAME'] ?? '';
  const isComponent = env['AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'] !== undefined;
  if (!isComponent || thing === '') return undefined;
  if (deviceId.accepts(thing)) return { kind: 'named', deviceId: thing };
  const found = `the thing's name ${JSON.stringify(thing)} is no device id`;
  return { kind: 'unnamed', found, allowed: ALLOWED.thingName };
}

/** Reads the facts through `read`, which gives the text of a small system file or `undefined` where there is none. */
export async function machineIdentity(
  hostName: string,
  read: (path: string) => Promise<string | undefined>,
): Promise<Identity> {
  const [piSerial, machineId] = await Promise.all([
    firstText(SERIAL_PATHS, read),
    firstText(MACHINE_ID_PATHS, read),
  ]);
  return defaultDeviceId({ hostName, piSerial, machineId });
}

/**
 * The host name; where many machines share it, it plus `-` and the last 6 hex digits of the Pi's serial number, else of
 * a SHA-256 of the machine id (machine-id(5) asks not to show the id itself).
 */
export function defaultDeviceId(facts: MachineFacts): Identity {
  const name = fitted(facts.hostName);
  if (!isShared(name)) return { kind: 'named', deviceId: name };
  const suffix = lastHexDigits(facts.piSerial) ?? lastHexDigits(hashed(facts.machineId));
  if (suffix === undefined) {
    const found = `the host name "${name}" is no name of its own, and the machine has no serial number and no machine id`;
    return { kind: 'unnamed', found, allowed: ALLOWED.ownName };
  }
  return { kind: 'named', deviceId: `${name === '' ? 'device' : name}-${suffix}` };
}

async function firstText(
  paths: readonly string[],
  read: (path: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  const texts = await Promise.all(paths.map(read));
  return texts.find((text) => text !== undefined && text !== '');
}

function fitted(hostName: string): string {
  const name = hostName.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  return name.slice(0, NAME_CHARACTERS_MAX);
}

// `raspberrypi.lan` is as shared as `raspberrypi`.
function isShared(name: string): boolean {
  return SHARED_NAMES.has((name.split('.')[0] ?? '').toLowerCase());
}

function lastHexDigits(text: string | undefined): string | undefined {
  const digits = /([0-9a-f]+)$/i.exec(text ?? '')?.[1]?.toLowerCase() ?? '';
  const tail = digits.slice(-SUFFIX_DIGITS);
  // A board without a programmed serial number reports zeros.
  return tail.length < SUFFIX_DIGITS || /^0*$/.test(digits) ? undefined : tail;
}

function hashed(machineId: string | undefined): string | undefined {
  // systemd writes `uninitialized` on an image that has not booted yet.
  return /^[0-9a-f]{32}$/i.test(machineId ?? '')
    ? createHash('sha256')
        .update(machineId ?? '')
        .digest('hex')
    : undefined;
}
