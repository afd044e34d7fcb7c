// `shutterd trigger`: publishes one trigger as any other client would, and may follow it to its outcome and result.
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { withDeviceId } from '../config/topics.ts';
import { orAborted } from '../support/abort.ts';
import { withDeadline } from '../support/clock.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { openCliLink } from './cli-link.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { followTrigger, type TriggerAnswer } from './follow-trigger.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';
import { waitSeconds, WAIT_SECONDS } from './wait-seconds.ts';

export const triggerCommand: Command = {
  name: 'trigger',
  summary: 'publishes a trigger; with --wait follows it to its outcome and classification',
  usage: '[--wait] [--timeout SECONDS]',
  flags: {
    wait: { kind: 'switch', doc: 'waits for the outcome and the classification, and prints them' },
    timeout: { kind: 'text', value: 'SECONDS', doc: `how long --wait waits (default ${WAIT_SECONDS})` },
  },
  operands: [],
  exits: { 6: 'no answer in time' },
  examples: ['shutterd trigger', 'shutterd trigger --wait --timeout 60'],
  run: trigger,
};

async function trigger(args: Arguments, context: Context): Promise<number> {
  const timeout = waitSeconds(args.text('timeout'));
  if (timeout.kind === 'wrong') {
    context.err(`${timeout.message}\n`);
    return EXIT.usage;
  }
  const { seconds } = timeout;
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const { config } = loaded;
  const wait = args.isSet('wait');
  const topic = triggerTopic(loaded);
  if (topic === undefined) return unusable(context, 'topics.trigger holds only wildcards');
  if (wait && config.topics.outcome === '') return unusable(context, 'topics.outcome is empty');
  const triggerId = context.random.uuid();
  const follow = followTrigger({
    ...{ triggerId, outcomeTopic: config.topics.outcome },
    onOutcome: ({ words }) => {
      if (!args.isSet('json')) context.out(`outcome         ${words}\n`);
    },
  });
  const filters = wait ? [config.topics.outcome, config.topics.response] : [];
  const link = await openCliLink(context, config, { filters, onMessage: follow.message });
  try {
    const payload = Buffer.from(JSON.stringify({ request_id: triggerId }));
    const published = await link.publish({ topic, payload, qos: 1, retain: false });
    if (published.kind !== 'acknowledged') {
      context.err(`Cannot publish on ${topic}: the broker did not take it (${published.kind})\n`);
      return EXIT.failure;
    }
    if (wait) {
      const answered = await withDeadline(
        context.clock,
        seconds * 1000,
        orAborted(follow.answer, context.stop),
      );
      return report(args, context, {
        ...{ answer: follow.sofar(), inTime: answered.kind === 'done', seconds, config },
      });
    }
    context.out(
      args.isSet('json')
        ? `${JSON.stringify({ topic, trigger_id: triggerId })}\n`
        : `triggered on ${topic}\n`,
    );
    return EXIT.ok;
  } finally {
    await link.close();
  }
}

function unusable(context: Context, found: string): number {
  context.err(`Cannot trigger: ${found}, a topic without wildcards is needed\n`);
  return EXIT.badConfiguration;
}

/** The first topic that names this device, else the first one without wildcards. */
function triggerTopic({ config, origins }: Loaded): string | undefined {
  const written = origins.get('topics.trigger')?.at(-1)?.value;
  const filters = Array.isArray(written) ? written.filter((filter) => typeof filter === 'string') : [];
  const topics = filters.filter((filter) => !/[+#]/.test(filter));
  const chosen = topics.find((topic) => topic.includes('{deviceId}')) ?? topics[0];
  return chosen === undefined ? undefined : withDeviceId(chosen, config.device.id);
}

interface Report {
  readonly answer: TriggerAnswer;
  readonly inTime: boolean;
  readonly seconds: number;
  readonly config: Config;
}

function report(args: Arguments, context: Context, { answer, inTime, seconds, config }: Report): number {
  const { outcome, classification, error } = answer;
  const { topics } = config;
  if (args.isSet('json')) context.out(`${escapeInvisible(JSON.stringify(answer))}\n`);
  else if (classification !== undefined) {
    const { label, confidence } = classification;
    context.out(`classification  ${label} ${confidence}\n`);
  }
  if (!inTime) {
    const [missing, remedy] =
      outcome === undefined
        ? ['outcome', 'is the daemon running and online?']
        : ['classification', `does a classifier hear ${topics.request} and answer on ${topics.response}?`];
    context.err(`Cannot show the ${missing}: none came within ${seconds} s; ${remedy}\n`);
    return EXIT.noAnswer;
  }
  if (error !== undefined) {
    context.err(`Cannot show the classification: the far side says "${error}"\n`);
    return EXIT.failure;
  }
  return outcome?.kind === 'accepted' ? EXIT.ok : EXIT.failure;
}
