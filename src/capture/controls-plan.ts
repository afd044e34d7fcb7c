// Checks the configured controls against those of the camera and says what is left to set. Pure: it sets nothing.
import type { ControlValue } from './v4l2-ctl.ts';
import type { Control } from './v4l2-text.ts';

export interface ControlsPlan {
  /** Switches and menus: an automatic control has to be off before its number can be set. */
  readonly modes: readonly ControlValue[];
  readonly numbers: readonly ControlValue[];
  /** One sentence for each control that cannot be set, with what is allowed. */
  readonly problems: readonly string[];
}

/** `wanted` by name, as v4l2-ctl lists it or as the kernel writes it (`Exposure, Auto`). */
export function planControls(
  wanted: Readonly<Record<string, number>>,
  listed: readonly Control[],
): ControlsPlan {
  const modes: ControlValue[] = [];
  const numbers: ControlValue[] = [];
  const problems: string[] = [];
  for (const [given, value] of Object.entries(wanted)) {
    const control = listed.find(({ name }) => name === listedName(given));
    const problem = control === undefined ? unknown(given, listed) : refusal(control, value);
    if (problem !== undefined) problems.push(`Cannot set camera.controls ${given}: ${problem}`);
    else if (control !== undefined && control.value !== value) {
      (MODES.includes(control.type) ? modes : numbers).push({ name: control.name, value });
    }
  }
  return { modes, numbers, problems };
}

const MODES: readonly string[] = Object.freeze(['bool', 'menu', 'intmenu']);

/** v4l2-ctl's own rule: letters become small, everything else between letters and digits one `_`. */
function listedName(given: string): string {
  return given
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

function unknown(given: string, listed: readonly Control[]): string {
  if (listed.length === 0) return 'the camera has no controls';
  const prefix = listedName(given).slice(0, 4);
  const [near] = listed.filter(({ name }) => name.startsWith(prefix));
  const hint = near === undefined ? '' : ` (the nearest is ${near.name}, ${allowed(near)})`;
  return `the camera has none of that name${hint}, it has ${listed.map(({ name }) => name).join(', ')}`;
}

function refusal(control: Control, value: number): string | undefined {
  const { type, min, max, step, choices, flags } = control;
  if (flags.includes('read-only')) return 'the camera lets nobody set it (read-only)';
  if (type !== 'int' && !MODES.includes(type))
    return `it is of type ${type}, a number, switch or menu is allowed`;
  const fits =
    value >= min &&
    value <= max &&
    (value - min) % step === 0 &&
    (choices.length === 0 || choices.includes(value));
  return fits ? undefined : `it is ${String(value)}, ${allowed(control)} is allowed`;
}

function allowed({ type, min, max, step, choices }: Control): string {
  if (type === 'bool') return '0 or 1';
  if (choices.length > 0) return `one of ${choices.join(', ')}`;
  return `${String(min)} to ${String(max)}${step > 1 ? ` in steps of ${String(step)}` : ''}`;
}
