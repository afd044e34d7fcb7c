// The doctor's report for a person: a line a finding, its remedy below it, and at the end what to do first. It finds nothing.
import { AREAS, type Finding, type Verdict } from '../doctor/finding.ts';
import type { Eyes } from '../doctor/surroundings.ts';
import { counted } from '../support/counted.ts';
import { escapeInvisible } from '../support/visible-text.ts';

export interface ReportOptions {
  readonly version: string;
  readonly eyes: Eyes;
  readonly coloured: boolean;
}

export function reportText(findings: readonly Finding[], { version, eyes, coloured }: ReportOptions): string {
  const lines = [
    `shutterd ${version} doctor, ${viewOf(eyes)}`,
    '',
    ...findings.flatMap((finding) => linesOf(finding, coloured)),
    '',
    sentence(findings),
    ...first(findings),
  ];
  return `${lines.join('\n')}\n`;
}

export function summaryOf(findings: readonly Finding[]): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict): number => findings.filter((it) => it.verdict === verdict).length;
  return { ok: count('ok'), warn: count('warn'), fail: count('fail') };
}

function viewOf({ self, service }: Eyes): string {
  const by = `run by ${escapeInvisible(self.name)}`;
  return service === undefined || service.name === self.name
    ? by
    : `${by}, for the daemon's user ${escapeInvisible(service.name)}`;
}

const VERDICT_WIDTH = 4;
const AREA_WIDTH = Math.max(...AREAS.map(({ length }) => length));

function linesOf({ verdict, area, what, remedy }: Finding, coloured: boolean): readonly string[] {
  const mark = verdict.padEnd(VERDICT_WIDTH);
  const shown = coloured ? `${COLOURS[verdict]}${mark}${PLAIN}` : mark;
  const indent = ' '.repeat(VERDICT_WIDTH + 2 + AREA_WIDTH + 2);
  return [
    `${shown}  ${area.padEnd(AREA_WIDTH)}  ${escapeInvisible(what)}`,
    ...(remedy === undefined ? [] : [`${indent}-> ${escapeInvisible(remedy)}`]),
  ];
}

const COLOURS: Readonly<Record<Verdict, string>> = Object.freeze({
  ok: '\u001b[32m',
  warn: '\u001b[33m',
  fail: '\u001b[31m',
});
const PLAIN = '\u001b[0m';

function sentence(findings: readonly Finding[]): string {
  const { ok, warn, fail } = summaryOf(findings);
  const warned = warn === 0 ? '' : `, ${counted(warn, 'warning')}`;
  return fail === 0
    ? `All well: ${String(ok)} ok${warned}.`
    : `${counted(fail, 'failure')}${warned}, ${String(ok)} ok.`;
}

/** One failure is seen as it is; of several the remedies are put together. */
const REPEATED_FROM = 2;

function first(findings: readonly Finding[]): readonly string[] {
  const failed = findings.filter(({ verdict }) => verdict === 'fail');
  if (failed.length < REPEATED_FROM) return [];
  const steps = failed.map(({ area, what, remedy = what }) => `${area}: ${escapeInvisible(remedy)}`);
  const numbered = [...new Set(steps)].map((step, at) => `  ${String(at + 1)}. ${step}`);
  return ['', 'What to do first:', ...numbered];
}
