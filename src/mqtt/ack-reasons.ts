// Reads from an answer of the broker why it refuses, in its own words where it gives some; it decides nothing.
import type { LinkProblem } from '../domain.ts';
import { errorMessage } from '../support/errors.ts';
import { problemFromReasonCode } from './problem.ts';

export interface AckReasons {
  /** Of PUBACK or PUBREC. */
  publishRefusal(error: Error, packet: object | undefined): string;
  /** Of SUBACK: names the filters that were refused, of the several that one packet asks for. */
  subscribeRefusal(error: Error, topics: readonly string[], packet: Suback | undefined): string;
  /** Of DISCONNECT, which only MQTT 5 has from the broker's side. */
  disconnectProblem(packet: { readonly reasonCode?: number }): LinkProblem;
}

interface Suback {
  /** A reason code for each filter. */
  readonly granted?: readonly unknown[];
}

const REFUSED_FROM = 128;

/** `words`: MQTT's own for each reason code. */
export function ackReasons(words: Readonly<Record<number, string>>): AckReasons {
  const wordsOf = (code: number): string => words[code] ?? 'unknown';
  return {
    publishRefusal: (error, packet) => withReason(error.message, packet),
    subscribeRefusal(error, topics, packet) {
      const refused = topics.flatMap((topic, at) => {
        const code = packet?.granted?.[at];
        const isRefused = typeof code === 'number' && code >= REFUSED_FROM;
        return isRefused ? [`${topic}: reason code ${code}, ${wordsOf(code)}`] : [];
      });
      const named =
        refused.length === 0 ? `${topics.join(', ')}: ${errorMessage(error)}` : refused.join('; ');
      return withReason(named, packet);
    },
    disconnectProblem(packet) {
      const { reasonCode: code = 0 } = packet;
      return problemFromReasonCode({ code, text: wordsOf(code), reasonString: reasonStringOf(packet) });
    },
  };
}

function withReason(text: string, packet: object | undefined): string {
  const reasonString = reasonStringOf(packet);
  return reasonString === undefined ? text : `${text}: ${reasonString}`;
}

/** The broker's own words, which MQTT 5 lets it add to any answer. */
function reasonStringOf(packet: object | undefined): string | undefined {
  const properties: unknown = packet !== undefined && 'properties' in packet ? packet.properties : undefined;
  if (typeof properties !== 'object' || properties === null || !('reasonString' in properties))
    return undefined;
  return typeof properties.reasonString === 'string' ? properties.reasonString : undefined;
}
