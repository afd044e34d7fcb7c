// Plays AWS IoT Core's rules engine on a real broker: what the rule's topic filter matches becomes an event of the function.
import { connectAsync } from 'mqtt';
import { Arrivals } from '../../helpers/arrivals.ts';
import type { Scope } from '../../helpers/scope.ts';
import type { Lambda, Outcome } from './lambda.ts';

export interface IotRule {
  /** Topics of messages that AWS IoT Core takes for a reason to close the connection, or that no SQL can read. */
  readonly refused: readonly string[];
  readonly outcomes: Arrivals<Outcome>;
}

export interface RuleOptions {
  readonly url: string;
  readonly lambda: Lambda;
  /** As in `SELECT * FROM '...'`. */
  readonly filter: string;
  /** `SELECT *, topic() AS topic`. */
  readonly selectsTopic?: boolean;
}

const PAYLOAD_BYTES_MAX = 131_072; // AWS IoT Core quotas: 131,073 are refused

/** Resolves after SUBACK. */
export async function startIotRule(scope: Scope, options: RuleOptions): Promise<IotRule> {
  const { url, lambda, filter, selectsTopic = false } = options;
  const refused: string[] = [];
  const outcomes = new Arrivals<Outcome>();
  const client = await connectAsync(url, { reconnectPeriod: 0 });
  scope.defer(() => client.endAsync(true));
  client.on('message', (topic, payload) => {
    const selected = payload.length > PAYLOAD_BYTES_MAX ? undefined : jsonObject(payload);
    if (selected === undefined) {
      refused.push(topic);
      return;
    }
    void lambda.invoke(selectsTopic ? { ...selected, topic } : selected).then((outcome) => {
      outcomes.add(outcome);
    });
  });
  await client.subscribeAsync(filter, { qos: 1 });
  return { refused, outcomes };
}

function jsonObject(payload: Buffer): object | undefined {
  try {
    const json = JSON.parse(payload.toString('utf8')) as unknown;
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}
