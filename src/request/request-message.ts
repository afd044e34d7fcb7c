// The request as the application message that carries it; it publishes nothing.
import type { OutgoingMessage, Qos, Request } from '../domain.ts';

export interface RequestAddress {
  readonly topic: string;
  readonly qos: Qos;
  /** Where the far side answers (MQTT 5). */
  readonly responseTopic: string;
  /** The age after which an entry is worthless; 0 = never. */
  readonly maxAgeSeconds: number;
}

export function requestMessage(address: RequestAddress, request: Request): OutgoingMessage {
  const { topic, qos, responseTopic, maxAgeSeconds } = address;
  // [MQTT-3.3.2-14]: a response topic holds no wildcards; ours may be a filter over many devices.
  const answerable = !/[+#]/.test(responseTopic);
  return {
    topic,
    qos,
    retain: false,
    payload: request.payload,
    properties: {
      contentType: request.contentType,
      correlationData: Buffer.from(request.requestId),
      ...(answerable ? { responseTopic } : {}),
      ...(request.userProperties === undefined ? {} : { userProperties: request.userProperties }),
      ...(maxAgeSeconds > 0 ? { messageExpirySeconds: maxAgeSeconds } : {}),
    },
  };
}
