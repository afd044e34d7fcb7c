// `shutterd publish`: an image file to the broker as one request, over a connection of its own; the outbox is not touched.
import type { Config } from '../config/schema.ts';
import { requestAddress } from '../config/stage-settings.ts';
import type { Link, PublishOutcome, Request } from '../domain.ts';
import { requestMessage } from '../request/request-message.ts';
import { orAborted } from '../support/abort.ts';
import { withDeadline } from '../support/clock.ts';
import { openCliLink } from './cli-link.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { columns } from './help.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';
import { findAnswer, type Answer, type AnswerFinder } from './publish-answer.ts';
import { preparePicture, type PictureReport } from './publish-picture.ts';
import { waitSeconds, WAIT_SECONDS } from './wait-seconds.ts';

export const publishCommand: Command = {
  name: 'publish',
  summary: 'a JPEG file to the broker as a request, at once: needs no daemon, leaves the outbox alone',
  usage: 'FILE [--wait] [--timeout SECONDS]',
  flags: {
    wait: { kind: 'switch', doc: 'waits for the classification, and prints it' },
    timeout: { kind: 'text', value: 'SECONDS', doc: `how long --wait waits (default ${WAIT_SECONDS})` },
  },
  operands: ['FILE'],
  exits: {
    5: 'the file is no JPEG, or cannot be made to fit',
    6: 'no acknowledgement, or with --wait no classification in time',
  },
  examples: ['shutterd publish dog.jpg', 'shutterd publish dog.jpg --wait --set mqtt.url=mqtt://broker'],
  run: publish,
};

async function publish(args: Arguments, context: Context): Promise<number> {
  const wait = waitSeconds(args.text('timeout'));
  if (wait.kind === 'wrong') {
    context.err(`${wait.message}\n`);
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const { config } = loaded;
  const picture = await preparePicture(args.operands[0] ?? '', config, context);
  if (picture.kind === 'refused') {
    context.err(`${picture.message}\n`);
    return picture.exit;
  }
  const { request, report } = picture;
  const finder = findAnswer(request.requestId);
  const filters = args.isSet('wait') ? [config.topics.response] : [];
  const link = await openCliLink(context, config, { filters, onMessage: finder.message });
  try {
    const sent = await send(link, { config, request, finder }, context);
    if (sent.kind === 'untaken') {
      context.err(`Cannot publish on ${config.topics.request}: ${sent.found}\n`);
      return sent.exit;
    }
    const told = { report, topic: config.topics.request, requestId: request.requestId, ackMs: sent.ackMs };
    if (!args.isSet('wait')) {
      print(args, context, told);
      return EXIT.ok;
    }
    const answered = await answerOf(finder, { link, seconds: wait.seconds }, context);
    const latencyMs = Math.round(context.clock.monotonicMs() - sent.startMs);
    print(args, context, { ...told, ...(answered.kind === 'none' ? {} : { answered, latencyMs }) });
    return exitOf(answered, context);
  } finally {
    await link.close();
  }
}

type Sent =
  | { readonly kind: 'taken'; readonly startMs: number; readonly ackMs: number }
  | { readonly kind: 'untaken'; readonly found: string; readonly exit: number };

async function send(
  link: Link,
  { config, request, finder }: { config: Config; request: Request; finder: AnswerFinder },
  { clock }: Context,
): Promise<Sent> {
  const startMs = clock.monotonicMs();
  finder.sending();
  const outcome = await link.publish(requestMessage(requestAddress(config), request));
  if (outcome.kind === 'acknowledged' || outcome.kind === 'sent')
    return { kind: 'taken', startMs, ackMs: Math.round(clock.monotonicMs() - startMs) };
  return { kind: 'untaken', ...whyUntaken(outcome) };
}

function whyUntaken(outcome: Exclude<PublishOutcome, { kind: 'acknowledged' | 'sent' }>): {
  readonly found: string;
  readonly exit: number;
} {
  switch (outcome.kind) {
    case 'refused':
      return {
        found: `the broker refused it: reason code ${outcome.reasonCode}, ${outcome.reason}`,
        exit: EXIT.failure,
      };
    case 'timeout':
      return { found: 'no acknowledgement came within mqtt.ackTimeoutSeconds', exit: EXIT.noAnswer };
    case 'lost':
      return {
        found:
          'the connection ended before the acknowledgement; AWS IoT Core ends it where the policy does not allow the topic',
        exit: EXIT.noAnswer,
      };
  }
}

type AnswerOrNone = Answer | { readonly kind: 'none'; readonly found: string };

async function answerOf(
  { answer }: AnswerFinder,
  { link, seconds }: { readonly link: Link; readonly seconds: number },
  { clock, stop }: Context,
): Promise<AnswerOrNone> {
  const cutOff = link.ended.then(({ detail }) => ({
    ...{ kind: 'none' as const, found: `the connection ended: ${detail}` },
  }));
  const first = await withDeadline(clock, seconds * 1000, orAborted(Promise.race([answer, cutOff]), stop));
  return first.kind === 'done' && first.value.kind === 'done'
    ? first.value.value
    : {
        kind: 'none',
        found: `none came within ${seconds} s; is a classifier listening to the request topic?`,
      };
}

interface Told {
  readonly report: PictureReport;
  readonly topic: string;
  readonly requestId: string;
  readonly ackMs: number;
  readonly answered?: Answer;
  readonly latencyMs?: number;
}

function print(args: Arguments, { out }: Context, told: Told): void {
  const { report, answered, latencyMs, ...rest } = told;
  if (args.isSet('json')) {
    // JSON has no undefined: what is not there is left out, and `kind` with it.
    out(`${JSON.stringify({ ...report, ...rest, ...answered, kind: undefined, latencyMs })}\n`);
    return;
  }
  const { width, height, quality, bytes, payloadBytes, fitMs, encodes } = report;
  const rows = [
    ['published', `on ${rest.topic}, taken after ${rest.ackMs} ms`],
    ['request', rest.requestId],
    ['size', `${width} x ${height}`],
    ['quality', quality === undefined ? 'as it came (passed through)' : String(quality)],
    ['bytes', `${bytes} (payload ${payloadBytes})`],
    ['fit', `${fitMs} ms, ${encodes} encodes`],
    ...(answered?.kind === 'classified' ? [['classification', classified(answered, latencyMs)]] : []),
  ];
  out(`${columns(rows).join('\n')}\n`);
}

function classified(answer: Extract<Answer, { kind: 'classified' }>, latencyMs = 0): string {
  const { classification, matchedBy } = answer;
  return `${classification.label} ${classification.confidence}, matched by ${matchedBy}, after ${latencyMs} ms`;
}

function exitOf(answered: AnswerOrNone, { err }: Context): number {
  switch (answered.kind) {
    case 'classified':
      return EXIT.ok;
    case 'failed':
      err(`Cannot show the classification: the far side failed with ${answered.error}\n`);
      return EXIT.failure;
    case 'none':
      err(`Cannot show the classification: ${answered.found}\n`);
      return EXIT.noAnswer;
  }
}
