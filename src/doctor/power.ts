// Power and heat of a Raspberry Pi, as its firmware tells them; it throttles nothing itself.
import { readSystemText } from '../support/files.ts';
import {
  decodeThrottled,
  parseThrottledBits,
  readCpuTemperature,
  readThrottledBits,
  type Throttling,
} from '../support/throttled.ts';
import { findingsOf, type Finding } from './finding.ts';
import { answerOf, type Surroundings } from './surroundings.ts';

const { ok, warn, fail } = findingsOf('power');

const MODEL = '/proc/device-tree/model';

export async function lookAtPower(surroundings: Surroundings): Promise<readonly Finding[]> {
  const model = await readSystemText(MODEL);
  const temperature = await readCpuTemperature();
  const bits =
    (await readThrottledBits()) ??
    (model?.includes('Raspberry Pi') === true
      ? parseThrottledBits((await answerOf(surroundings, ['vcgencmd', 'get_throttled'])) ?? '')
      : undefined);
  return judgePower({ model, temperature, bits });
}

export function judgePower(said: {
  readonly model: string | undefined;
  readonly temperature: number | undefined;
  readonly bits: number | undefined;
}): readonly Finding[] {
  const { model, temperature, bits } = said;
  const heat = temperature === undefined ? '' : `, processor at ${temperature.toFixed(1)} °C`;
  if (bits !== undefined)
    return [...throttling(bits, `${model ?? 'Raspberry Pi'}${heat}`), ...hot(temperature)];
  return model?.includes('Raspberry Pi') === true
    ? [
        warn(`${model} does not say whether it is throttled${heat}`, 'run: sudo vcgencmd get_throttled'),
        ...hot(temperature),
      ]
    : [ok(`not a Raspberry Pi: no throttling bits${heat}`), ...hot(temperature)];
}

function throttling(bits: number, where: string): readonly Finding[] {
  const { now, sinceBoot } = decodeThrottled(bits);
  if (now.length > 0) return [fail(`${where}: now ${wordsOf(now)}`, remedyFor(now))];
  if (sinceBoot.length > 0)
    return [warn(`${where}: well now, since the boot ${wordsOf(sinceBoot)}`, remedyFor(sinceBoot))];
  return [ok(`${where}: no under-voltage, no throttling since the boot`)];
}

const WORDS: Readonly<Record<Throttling, string>> = Object.freeze({
  underVoltage: 'under-voltage',
  frequencyCapped: 'a capped frequency',
  throttled: 'throttling',
  softTemperatureLimit: 'the soft temperature limit',
});

function wordsOf(found: readonly Throttling[]): string {
  return found.map((one) => WORDS[one]).join(', ');
}

function remedyFor(found: readonly Throttling[]): string {
  return found.includes('underVoltage')
    ? 'use the official power supply and a short cable; give a hungry camera a hub with its own supply'
    : 'let air to the board, or give it a cooler';
}

// A Pi 4 or 400 is throttled from 80 °C.
const HOT_CELSIUS = 80;

function hot(temperature: number | undefined): readonly Finding[] {
  return temperature === undefined || temperature < HOT_CELSIUS
    ? []
    : [warn(`the processor is at ${temperature.toFixed(1)} °C`, 'let air to the board, or give it a cooler')];
}
