// `shutterd trigger`: publishes one trigger as any other client would, and may follow it to its outcome and result.
import type { Loaded } from '../config/load.ts';
import { brokerSettings } from '../config/stage-settings.ts';
import { withDeviceId } from '../config/topics.ts';
import type { IncomingMessage, Link } from '../domain.ts';
import { createOpenLink } from '../mqtt/open-link.ts';
import { withDeadline } from '../support/clock.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { followTrigger, type TriggerAnswer } from './follow-trigger.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const triggerCommand: Command = {
  name: 'trigger',
  summary: 'publishes a trigger; with --wait follows it to its outcome and classification',
  usage: '[--wait] [--timeout SECONDS]',
  flags: {
    wait: { kind: 'switch', doc: 'waits for the outcome and the classification, and prints them' },
    timeout: { kind: 'text', value: 'SECONDS', doc: 'how long --wait waits (default 30)' },
  },
  operands: [],
  exits: { 6: 'no answer in time' },
  examples: ['shutterd trigger', 'shutterd trigger --wait --timeout 60'],
  run: trigger,
};

const WAIT_SECONDS = 30;
const WAIT_SECONDS_MAX = 86_400;

async function trigger(args: Arguments, context: Context): Promise<number> {
  const seconds = Number(args.text('timeout') ?? WAIT_SECONDS);
  if (!(seconds > 0 && seconds <= WAIT_SECONDS_MAX)) {
    context.err(
      `Cannot wait ${args.text('timeout') ?? ''} seconds: allowed is more than 0, up to ${WAIT_SECONDS_MAX}\n`,
    );
    return EXIT.usage;
  }
  const loaded = await configurationOrProblems(args, context);
  if (loaded === undefined) return EXIT.badConfiguration;
  const { topics } = loaded.config;
  const topic = triggerTopic(loaded);
  const wait = args.isSet('wait');
  if (topic === undefined || (wait && topics.outcome === '')) {
    const [key, found] =
      topic === undefined ? ['topics.trigger', 'holds only wildcards'] : ['topics.outcome', 'is empty'];
    context.err(
      `Cannot trigger${wait ? ' and wait' : ''}: ${key} ${found}, a topic without wildcards is needed\n`,
    );
    return EXIT.badConfiguration;
  }
  const triggerId = context.random.uuid();
  const follow = followTrigger({ triggerId, outcomeTopic: topics.outcome });
  const opened = await openLink(context, loaded, {
    filters: wait ? [topics.outcome, topics.response] : [],
    onMessage: follow.message,
  });
  if (opened.kind === 'failed') {
    const { detail, remedy } = opened.problem;
    context.err(`Cannot reach broker ${loaded.config.mqtt.url}: ${detail}\n${remedy}\n`);
    return EXIT.failure;
  }
  try {
    const published = await publishTrigger(opened.link, { topic, triggerId });
    if (!published) {
      context.err(`Cannot publish on ${topic}: the broker did not take it\n`);
      return EXIT.failure;
    }
    if (!wait) {
      context.out(
        args.isSet('json')
          ? `${JSON.stringify({ topic, trigger_id: triggerId })}\n`
          : `triggered on ${topic}\n`,
      );
      return EXIT.ok;
    }
    const outcome = await withDeadline(context.clock, seconds * 1000, follow.answer);
    return report(args, context, { answer: follow.sofar(), inTime: outcome.kind === 'done', seconds });
  } finally {
    await opened.link.close();
  }
}

/** The first topic that names this device, else the first one without wildcards. */
function triggerTopic({ config, origins }: Loaded): string | undefined {
  const written = origins.get('topics.trigger')?.at(-1)?.value;
  const filters = Array.isArray(written) ? written.filter((filter) => typeof filter === 'string') : [];
  const topics = filters.filter((filter) => !/[+#]/.test(filter));
  const chosen = topics.find((topic) => topic.includes('{deviceId}')) ?? topics[0];
  return chosen === undefined ? undefined : withDeviceId(chosen, config.device.id);
}

async function openLink(
  context: Context,
  { config }: Loaded,
  listening: { filters: readonly string[]; onMessage: (message: IncomingMessage) => void },
): ReturnType<ReturnType<typeof createOpenLink>> {
  // An id of its own and no will message: a command must never push the daemon off its broker or speak for it.
  const clientId = `${config.mqtt.clientId}-cli-${context.random.uuid().slice(0, 6)}`;
  const settings = {
    ...brokerSettings(config),
    clientId,
    sessionExpirySeconds: 0,
    filters: listening.filters,
  };
  const open = createOpenLink(settings, { clock: context.clock, onMessage: listening.onMessage });
  const first = await open(context.stop);
  // With protocol auto a broker that refuses MQTT 5 takes the second attempt.
  return first.kind === 'failed' && first.problem.fault === 'protocolVersion' ? open(context.stop) : first;
}

async function publishTrigger(
  link: Link,
  { topic, triggerId }: { topic: string; triggerId: string },
): Promise<boolean> {
  const payload = Buffer.from(JSON.stringify({ request_id: triggerId }));
  const outcome = await link.publish({ topic, payload, qos: 1, retain: false });
  return outcome.kind === 'acknowledged';
}

function report(
  args: Arguments,
  context: Context,
  { answer, inTime, seconds }: { answer: TriggerAnswer; inTime: boolean; seconds: number },
): number {
  const { outcome, classification } = answer;
  if (args.isSet('json')) context.out(`${JSON.stringify(answer)}\n`);
  else {
    if (outcome !== undefined) context.out(`outcome         ${outcome.words}\n`);
    if (classification !== undefined) {
      context.out(`classification  ${classification.label} ${classification.confidence}\n`);
    }
  }
  if (!inTime) {
    const missing = outcome === undefined ? 'outcome' : 'classification';
    context.err(
      `Cannot show the ${missing}: none came within ${seconds} s; is the daemon running and online?\n`,
    );
    return EXIT.noAnswer;
  }
  return outcome?.kind === 'accepted' ? EXIT.ok : EXIT.failure;
}
