// Tells a far side that ends a TLS or WebSocket handshake from a network that fails; it opens nothing and ends nothing.
import { errorCode, errorMessage, OperatingError } from '../support/errors.ts';

export type Handshake = 'TLS' | 'WebSocket';

/** `opening`, its errors with a code of ours where the far side is to blame and its own words do not say so. */
export async function namingHandshake<T>(opening: Promise<T>, step: () => Handshake): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    throw handshakeEnded(error, step());
  }
}

/** What a person can do about one of our codes; `undefined` where the code is about something else. */
export function handshakeRemedy(code: string): string | undefined {
  return REMEDIES.get(code);
}

const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    'TLS_CLOSED',
    'the port may speak no TLS: correct scheme and port in mqtt.url (mqtts 8883, mqtt 1883); else see the log of the broker',
  ],
  [
    'WEBSOCKET_CLOSED',
    'the port may speak no WebSocket: correct scheme and port in mqtt.url, or use mqtts:// or mqtt://',
  ],
  [
    'WEBSOCKET_REFUSED',
    'correct host, port and path in mqtt.url: many brokers serve MQTT over WebSocket at /mqtt only',
  ],
]);

function handshakeEnded(error: unknown, step: Handshake): unknown {
  if (['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? ''))
    return new OperatingError(`the far side closed the connection in the ${step} handshake`, {
      ...{ code: step === 'TLS' ? 'TLS_CLOSED' : 'WEBSOCKET_CLOSED', cause: error },
    });
  // `ws` has no codes for what is wrong with an answer.
  const isAnswer =
    step === 'WebSocket' && /^(Unexpected server response|Invalid|Server sent)/.test(errorMessage(error));
  return isAnswer
    ? new OperatingError(errorMessage(error), { code: 'WEBSOCKET_REFUSED', cause: error })
    : error;
}
