// Tells the daemon's log events as the steps of one picture, for a person or as JSON lines. It makes nothing happen.
import type { EventName, Fields, Level, Log } from '../support/log.ts';

export interface StoryOptions {
  readonly out: (text: string) => void;
  readonly json: boolean;
  readonly onEvent: (event: EventName, fields: Fields) => void;
}

type Teller = (fields: Fields) => string;

const STEPS: Readonly<Partial<Record<EventName, readonly [step: string, tell: Teller]>>> = {
  'trigger.accepted': ['trigger', () => 'a message asks for a picture'],
  'trigger.ignored': ['ignored', (it) => text(it['reason'])],
  'capture.done': [
    'frame',
    (it) => `${size(it)}, ${bytes(it)} from the camera, ${text(it['captureMs'])} ms${suspicion(it)}`,
  ],
  'capture.failed': ['failed', (it) => `${text(it['detail'])}; ${text(it['remedy'])}`],
  'image.fitted': ['image', (it) => `${size(it)}, ${quality(it)}, ${bytes(it)}, ${share(it)} of the budget`],
  'image.unfit': ['failed', (it) => `the picture cannot be made to fit: ${JSON.stringify(it)}`],
  'request.stored': ['stored', (it) => `request ${text(it['requestId'])} is on disk`],
  'request.acknowledged': [
    'published',
    (it) => `${bytes(it)} in the broker's hands after ${text(it['ackMs'])} ms`,
  ],
  'request.dropped': ['dropped', (it) => text(it['reason'])],
  'result.failed': ['failed', (it) => `the classifier says: ${text(it['error'])}`],
  'result.overdue': ['overdue', (it) => `no classification within ${text(it['timeoutSeconds'])} s`],
  'broker.retry': ['broker', (it) => text(it['detail'])],
  'broker.refused': ['broker', (it) => text(it['detail'])],
};

const STEP_COLUMN = 16;

export function createStory(options: StoryOptions): Log {
  const at =
    (level: Level) =>
    (event: EventName, fields: Fields = {}): void => {
      if (level === 'debug') return;
      const step = STEPS[event];
      if (options.json) options.out(`${JSON.stringify({ event, ...fields })}\n`);
      else if (step !== undefined) options.out(storyLine(step[0], step[1](fields)));
      options.onEvent(event, fields);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function storyLine(step: string, words: string): string {
  return `  ${step.padEnd(STEP_COLUMN)}${words}\n`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function size(fields: Fields): string {
  return `${text(fields['widthPx'])} x ${text(fields['heightPx'])}`;
}

function bytes(fields: Fields): string {
  return `${Number(fields['bytes']).toLocaleString('en')} bytes`;
}

function quality(fields: Fields): string {
  return fields['quality'] === undefined ? 'as the camera gave it' : `quality ${text(fields['quality'])}`;
}

function share(fields: Fields): string {
  return `${Math.round(Number(fields['shareOfBudget']) * 100)} %`;
}

function suspicion(fields: Fields): string {
  return fields['suspect'] === undefined ? '' : `, suspect: ${text(fields['suspect'])}`;
}
