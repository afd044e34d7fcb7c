// Reads what v4l2-ctl prints (v4l-utils 1.22, LC_ALL=C) into values. Pure: it runs nothing and opens no device.

export interface PixelFormat {
  /** The four characters as V4L2 has them: `MJPG`, `YUYV`. */
  readonly fourcc: string;
  /** `WxH`, or `WxH-WxH` for a range, in the order of the driver, each once. */
  readonly sizes: readonly string[];
}

export interface Control {
  /** As v4l2-ctl writes it: lower case letters, digits and `_`. */
  readonly name: string;
  /** `int`, `bool`, `menu`, `intmenu`, or a type that has no single whole number. */
  readonly type: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Of a menu: the values there are, which may leave gaps between min and max. */
  readonly choices: readonly number[];
  /** `inactive`, `read-only`, ... */
  readonly flags: readonly string[];
}

/**
 * Whether the node of this `--info` gives pictures, `undefined` where it names no capabilities. Device Caps is what
 * this node can do, Capabilities what the whole device can (V4L2 API, VIDIOC_QUERYCAP).
 */
export function givesPictures(info: string): boolean | undefined {
  const caps =
    /^\s*Device Caps\s*:\s*0x([0-9a-f]+)/im.exec(info) ?? /^\s*Capabilities\s*:\s*0x([0-9a-f]+)/im.exec(info);
  if (caps?.[1] === undefined) return undefined;
  const bits = Number.parseInt(caps[1], 16);
  return (bits & CAPTURE) !== 0 && (bits & MEMORY_TO_MEMORY) === 0;
}

/** The formats of `--list-formats-ext`, intervals left out. */
export function parseFormats(text: string): readonly PixelFormat[] {
  const formats: { fourcc: string; sizes: string[] }[] = [];
  for (const line of text.split('\n')) {
    const fourcc = /^\s*\[\d+\]: '(.{4})'/.exec(line)?.[1];
    if (fourcc !== undefined) formats.push({ fourcc: fourcc.trimEnd(), sizes: [] });
    const size = sizeOf(line);
    const last = formats.at(-1);
    if (size !== undefined && last?.sizes.includes(size) === false) last.sizes.push(size);
  }
  return formats;
}

/** The controls of `--list-ctrls-menus`, in the order of the driver. */
export function parseControls(text: string): readonly Control[] {
  const controls: (Control & { choices: number[] })[] = [];
  for (const line of text.split('\n')) {
    const found = CONTROL.exec(line)?.groups;
    if (found !== undefined) controls.push(controlOf(found));
    const choice = /^\s+(\d+): /.exec(line)?.[1];
    if (choice !== undefined) controls.at(-1)?.choices.push(Number(choice));
  }
  return controls;
}

// videodev2.h: V4L2_CAP_VIDEO_CAPTURE and its multiplanar form; V4L2_CAP_VIDEO_M2M and its multiplanar form are codecs.
const CAPTURE = 0x0000_0001 | 0x0000_1000;
const MEMORY_TO_MEMORY = 0x0000_8000 | 0x0000_4000;
const CONTROL = /^\s*(?<name>[a-z0-9_]+) 0x[0-9a-f]{8} \((?<type>[^)]+)\)\s*:(?<facts>.*)$/;

function sizeOf(line: string): string | undefined {
  const discrete = /^\s*Size: Discrete (\d+x\d+)\s*$/.exec(line)?.[1];
  if (discrete !== undefined) return discrete;
  const range = /^\s*Size: (?:Stepwise|Continuous) (\d+x\d+) - (\d+x\d+)/.exec(line);
  return range === null ? undefined : `${range[1] ?? ''}-${range[2] ?? ''}`;
}

function controlOf(found: Readonly<Record<string, string>>): Control & { choices: number[] } {
  const facts = found['facts'] ?? '';
  const type = (found['type'] ?? '').trim();
  const number = (name: string): number | undefined => {
    const digits = new RegExp(`\\b${name}=(-?\\d+)\\b`).exec(facts)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  return {
    ...{ name: found['name'] ?? '', type, value: number('value') ?? NaN },
    // A switch has no range in the list.
    ...{ min: number('min') ?? 0, max: number('max') ?? 1, step: number('step') ?? 1, choices: [] },
    flags:
      /\bflags=(.+)$/
        .exec(facts)?.[1]
        ?.split(',')
        .map((flag) => flag.trim()) ?? [],
  };
}
