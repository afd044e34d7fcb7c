// What the test bed shares: a delivery on a real wire, its log lines as they come, and requests that show what gets through.
import { brokerSettings, publishLimits } from '../../src/config/stage-settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createDelivery, type LinkUser } from '../../src/delivery/delivery.ts';
import type { IncomingMessage, LinkFault, OutgoingMessage } from '../../src/domain.ts';
import { createOpenLink } from '../../src/mqtt/open-link.ts';
import { tellWithheld } from '../../src/mqtt/tell-withheld.ts';
import { createRandom } from '../../src/support/random.ts';
import { createSystemClock, type Clock } from '../../src/support/clock.ts';
import type { EventName, Fields, Level, Log } from '../../src/support/log.ts';
import { Arrivals } from '../helpers/arrivals.ts';
import { createFakeOutbox, type FakeOutbox } from '../helpers/fake-outbox.ts';
import { sampleNumber, sampleRequest } from '../helpers/sample-request.ts';
import type { Scope } from '../helpers/scope.ts';

export const REQUEST = 'device/image/request';
export const STATUS = 'device/pi-test/status';
export const TRIGGER = 'device/pi-test/image/trigger';
export const RESPONSE = 'device/image/response';

export interface Line {
  readonly level: Level;
  readonly event: EventName;
  readonly fields: Fields;
  /** As a person reads it. */
  readonly text: string;
}

export interface Bench {
  readonly lines: Arrivals<Line>;
  readonly messages: Arrivals<IncomingMessage>;
  readonly delivered: Arrivals<number>;
  readonly outbox: FakeOutbox;
  /** The n-th line of the event that says this. */
  says(event: EventName, text?: RegExp, n?: number): Promise<Line>;
  /** Stores a request and has it sent. */
  request(number: number, bytes?: number): Promise<void>;
  /** As many milliseconds pass at once for those who ask the time. */
  advance(ms: number): void;
}

export interface BenchOptions {
  /** `--set` as the command line has it. */
  readonly settings: readonly string[];
  readonly filters?: readonly string[];
  /** Published on each new link, beside the requests. */
  readonly statusTopic?: string;
  readonly clockSynchronised?: boolean;
  /** So many times as fast its durations pass; deadlines that real work has to meet need that much more room. */
  readonly speed?: number;
}

/** Until the scope ends. Its reconnection waits a second at most. */
export async function startBench(scope: Scope, options: BenchOptions): Promise<Bench> {
  const config = await configOf(options.settings);
  const { clock, advance } = createAdvancingClock(options.speed);
  const outbox = createFakeOutbox();
  const lines = new Arrivals<Line>();
  const messages = new Arrivals<IncomingMessage>();
  const delivered = new Arrivals<number>();
  const log = logInto(lines);
  const { filters = [], statusTopic, clockSynchronised = true } = options;
  const status: LinkUser = async (link) => {
    if (statusTopic !== undefined) await link.publish(message(statusTopic, Buffer.from('online')));
  };
  const delivery = createDelivery({
    ...{ clock, outbox, log, random: createRandom(), users: [status], pace: { drainPerSecond: 0 } },
    connection: () => ({
      ...publishLimits(config),
      policy: { baseSeconds: 0.05, maxSeconds: 0.2, jitter: 'none', spreadSeconds: 0, stableSeconds: 20 },
      openLink: createOpenLink(
        { ...brokerSettings(config), filters },
        {
          ...{ clock, clockSynchronised: () => clockSynchronised, onWithheld: tellWithheld(log, [TRIGGER]) },
          onMessage: (received) => {
            messages.add(received);
          },
        },
      ),
    }),
    messageOf: ({ payload }) => ({ ...message(REQUEST, payload), qos: config.mqtt.qos }),
    onSending: () => undefined,
    onDelivered: (request) => {
      delivered.add(sampleNumber(request));
    },
  });
  const stop = new AbortController();
  const running = delivery.run(stop.signal);
  scope.defer(async () => {
    stop.abort();
    await running;
  });
  return {
    ...{ lines, messages, delivered, outbox, advance },
    says: (event, text = /./, n = 1) => lines.nth(n, (line) => line.event === event && text.test(line.text)),
    async request(number, bytes) {
      await outbox.add(sampleRequest(number, bytes), { online: true });
      delivery.wake();
    },
  };
}

export function faultOf({ fields }: Line): LinkFault {
  return fields['fault'] as LinkFault;
}

function message(topic: string, payload: Uint8Array): OutgoingMessage {
  return { topic, payload, qos: 1, retain: false };
}

async function configOf(settings: readonly string[]) {
  const given = [
    'device.id=pi-test',
    'mqtt.connectTimeoutSeconds=3',
    'mqtt.ackTimeoutSeconds=2',
    ...settings,
  ];
  const outcome = await loadConfig({
    ...{ paths: [], defaultPathMayBeAbsent: false, env: {}, settings: given, hostName: 'pi-test' },
  });
  if (outcome.kind !== 'loaded') throw new Error(`the configuration is bad: ${JSON.stringify(outcome)}`);
  return outcome.config;
}

function createAdvancingClock(speed = 1): { readonly clock: Clock; readonly advance: (ms: number) => void } {
  const clock = createSystemClock();
  let aheadMs = 0;
  return {
    clock: {
      ...clock,
      monotonicMs: () => clock.monotonicMs() * speed + aheadMs,
      timer: (ms, action) => clock.timer(ms / speed, action),
    },
    advance: (ms) => {
      aheadMs += ms;
    },
  };
}

function logInto(lines: Arrivals<Line>): Log {
  const at =
    (level: Level) =>
    (event: EventName, fields: Fields = {}): void => {
      lines.add({ level, event, fields, text: `${level} ${event} ${Object.values(fields).join(' ')}` });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
