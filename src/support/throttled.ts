// What a Raspberry Pi's firmware says of power and heat, and the temperature of the processor; it starts no program.
import { join } from 'node:path';
import { listFolder, readSystemText } from './files.ts';

/** In the order of the firmware's bits. */
export const THROTTLING = Object.freeze([
  'underVoltage',
  'frequencyCapped',
  'throttled',
  'softTemperatureLimit',
] as const);
export type Throttling = (typeof THROTTLING)[number];

export interface Throttled {
  /** Bits 0-3. */
  readonly now: readonly Throttling[];
  /** Bits 16-19: at any time since the boot. */
  readonly sinceBoot: readonly Throttling[];
}

/** "vcgencmd get_throttled" in Raspberry Pi's documentation names the bits. */
export function decodeThrottled(bits: number): Throttled {
  const from = (first: number): readonly Throttling[] =>
    THROTTLING.filter((_, at) => ((bits >>> (first + at)) & 1) === 1);
  return { now: from(0), sinceBoot: from(SINCE_BOOT_FIRST) };
}

/** The bits; `undefined` where no firmware says any: on anything but a Raspberry Pi. */
export async function readThrottledBits(file = THROTTLED_FILE): Promise<number | undefined> {
  return parseThrottledBits((await readSystemText(file)) ?? '');
}

/** As the kernel's file (`50005`) and `vcgencmd get_throttled` (`throttled=0x50005`) write them. */
export function parseThrottledBits(text: string): number | undefined {
  const digits = /^(?:throttled=)?(?:0x)?([0-9a-f]{1,8})$/i.exec(text.trim())?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

/** Of the processor in degrees Celsius, to a tenth; `undefined` where the kernel has no sensor of it. */
export async function readCpuTemperature(folder = THERMAL_FOLDER): Promise<number | undefined> {
  const zones = (await listFolder(folder)).filter((name) => /^thermal_zone\d+$/.test(name));
  const types = await Promise.all(zones.map((zone) => readSystemText(join(folder, zone, 'type'))));
  const at = types.findIndex((type) => type !== undefined && CPU_ZONES.test(type));
  const zone = zones[at];
  if (zone === undefined) return undefined;
  const text = (await readSystemText(join(folder, zone, 'temp'))) ?? '';
  return /^-?\d+$/.test(text) ? Math.round(Number(text) / 100) / 10 : undefined;
}

const SINCE_BOOT_FIRST = 16;
// Raspberry Pi firmware driver: hexadecimal, without 0x.
const THROTTLED_FILE = '/sys/devices/platform/soc/soc:firmware/get_throttled';
const THERMAL_FOLDER = '/sys/class/thermal';
// The Pi's own zone, and what x86 and other boards call theirs.
const CPU_ZONES = /^(?:cpu|soc)[-_]?thermal|^x86_pkg_temp$/;
