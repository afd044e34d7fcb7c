// One running capture helper: a call goes in, its answer comes out; when to start and end one is decided elsewhere.
import type { Random } from '../domain.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import type { ProcessGroup, StartProcess } from '../support/process-group.ts';
import {
  HELPER_MARK_NAME,
  parseHelperAnswer,
  SAID_CHARACTERS_MAX,
  type HelperAnswer,
  type WebcamCall,
} from './node-webcam-call.ts';
import { lastWords } from './node-webcam-failures.ts';
import { createLineSplitter } from './node-webcam-lines.ts';

export interface HelperProcessOptions {
  readonly startProcess: StartProcess;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodePath: string;
  /** The compiled helper. */
  readonly helperPath: string;
  /** `PATH`: where fswebcam is looked for. */
  readonly searchPath: string;
}

export type HelperReply =
  | HelperAnswer
  /** It ended, or said something that is no answer: it can be asked no more. */
  | { readonly kind: 'broken'; readonly detail: string };

export interface HelperProcess {
  readonly pid: number | undefined;
  /** The environment entry that it passes on to whatever it starts. */
  readonly mark: string;
  /** Settles when it has ended. Never rejects. */
  readonly ended: Promise<void>;
  /** One call at a time. */
  ask(call: WebcamCall): Promise<HelperReply>;
  kill(): Promise<'gone' | 'wedged'>;
  killStray(pid: number): void;
}

export function startHelper(options: HelperProcessOptions): HelperProcess {
  const { startProcess, random, nodePath, helperPath, searchPath } = options;
  const name = random.uuid();
  const group = startProcess({
    file: nodePath,
    args: [helperPath],
    // LC_ALL: what fswebcam says is matched as English text.
    env: { PATH: searchPath, LC_ALL: 'C', [HELPER_MARK_NAME]: name },
    stdin: 'pipe',
  });
  let waiting: { readonly id: number; readonly settle: (reply: HelperReply) => void } | undefined;
  let lastId = 0;
  const onLine = (line: string | undefined): void => {
    const read = parseHelperAnswer(line ?? '');
    waiting?.settle(read?.id === waiting.id ? read.answer : NO_ANSWER);
  };
  group.stdout.setEncoding('utf8').on('data', createLineSplitter(ANSWER_CHARACTERS_MAX, onLine));
  let dead: HelperReply | undefined;
  // One reaction for all calls: a race with this promise in each of them would hold on to every reply.
  void lastReplyOf(group, options).then((reply) => {
    dead = reply;
    waiting?.settle(reply);
  });
  return {
    pid: group.pid,
    mark: `${HELPER_MARK_NAME}=${name}`,
    ended: group.ended.then(() => undefined),
    ask(call) {
      if (dead !== undefined) return Promise.resolve(dead);
      lastId += 1;
      const id = lastId;
      const reply = new Promise<HelperReply>((settle) => {
        waiting = { id, settle };
      });
      group.stdin?.write(`${JSON.stringify({ id, call })}\n`);
      return reply;
    },
    kill: () => group.kill(),
    killStray: (pid) => {
      group.killStray(pid);
    },
  };
}

/** What there is to say when it has ended, whyever that was. */
async function lastReplyOf(
  group: ProcessGroup,
  { clock, nodePath }: HelperProcessOptions,
): Promise<HelperReply> {
  let said = '';
  group.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS_MAX);
  });
  const end = await group.ended;
  if (end.kind === 'missing') return { kind: 'broken', detail: `Cannot start ${nodePath}: ${end.detail}` };
  await withDeadline(clock, LAST_WORDS_MS, group.closed);
  const words = lastWords(said);
  return { kind: 'broken', detail: `Cannot capture: the helper ended with ${String(end.code)}: ${words}` };
}

// JSON may write each character that fswebcam said as six.
const ANSWER_CHARACTERS_MAX = 6 * SAID_CHARACTERS_MAX + 200;
// A grandchild may hold the pipes open after the helper has ended; what it said has been read by then.
const LAST_WORDS_MS = 100;
const NO_ANSWER: HelperReply = {
  kind: 'broken',
  detail: 'Cannot capture: the helper said what is no answer',
};
