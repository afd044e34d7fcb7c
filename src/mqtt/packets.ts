// Translates between the domain and MQTT.js' option and packet shapes; it sends nothing.
import type { IncomingMessage, OutgoingMessage, Qos } from '../domain.ts';

export interface Session {
  readonly clientId: string;
  readonly protocol: 3 | 4 | 5;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly keepaliveSeconds: number;
  /** 0: a clean session. */
  readonly sessionExpirySeconds: number;
  readonly will?: { readonly topic: string; readonly payload: Uint8Array; readonly retain: boolean };
  readonly filters: readonly string[];
}

// A trigger is at most 64 KiB and a result is refused above that; an MQTT 5 broker then sends us nothing larger.
const INCOMING_PACKET_BYTES_MAX = 256 * 1024;
const NEVER_MS = 2_147_483_647; // what a timer holds

/** Of MQTT.js' keep-alive alone, which is thereby off. */
const NO_TIMER = Object.freeze({ set: () => 0, clear: () => undefined });

/** Every option stands here explicitly where MQTT.js' default would queue, retry or subscribe by itself. */
export function clientOptions(session: Session) {
  return {
    manualConnect: true,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    timerVariant: NO_TIMER, // and a keep-alive of its own: MQTT.js' own counts answers only
    connectTimeout: NEVER_MS, // the link has a deadline of its own
    clientId: session.clientId,
    protocolId: session.protocol === 3 ? ('MQIsdp' as const) : ('MQTT' as const),
    protocolVersion: session.protocol,
    keepalive: session.keepaliveSeconds,
    clean: session.sessionExpirySeconds === 0,
    ...(session.username === undefined ? {} : { username: session.username }),
    ...(session.password === undefined ? {} : { password: Buffer.from(session.password) }),
    ...(session.will === undefined
      ? {}
      : { will: { ...session.will, payload: Buffer.from(session.will.payload), qos: 1 as const } }),
    ...(session.protocol === 5
      ? {
          properties: {
            sessionExpiryInterval: session.sessionExpirySeconds,
            maximumPacketSize: INCOMING_PACKET_BYTES_MAX,
          },
        }
      : {}),
  };
}

export interface PublishOptions {
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: {
    readonly contentType?: string;
    readonly correlationData?: Buffer;
    readonly responseTopic?: string;
    readonly messageExpiryInterval?: number;
    readonly userProperties?: Record<string, string>;
  };
}

export function publishOptions(message: OutgoingMessage, protocol: 3 | 4 | 5): PublishOptions {
  const { qos, retain, properties = {} } = message;
  if (protocol !== 5) return { qos, retain };
  const { contentType, correlationData, responseTopic, messageExpirySeconds, userProperties } = properties;
  return {
    qos,
    retain,
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
      ...(responseTopic === undefined ? {} : { responseTopic }),
      ...(messageExpirySeconds === undefined ? {} : { messageExpiryInterval: messageExpirySeconds }),
      ...(userProperties === undefined ? {} : { userProperties: { ...userProperties } }),
    },
  };
}

/**
 * What is so, where the PUBLISH packet would exceed the broker's Maximum Packet Size: [MQTT-3.2.2-15] forbids to send it,
 * and the broker ends the connection over it. Counts every property at its most, so a few bytes early.
 */
export function oversize(message: OutgoingMessage, maximumBytes: number): string | undefined {
  const { topic, payload, properties = {} } = message;
  const { contentType = '', correlationData = new Uint8Array(), responseTopic = '' } = properties;
  const texts = Buffer.byteLength(topic) + Buffer.byteLength(contentType) + Buffer.byteLength(responseTopic);
  const bytes =
    payload.length + texts + correlationData.length + userBytes(properties.userProperties) + FIXED_BYTES_MAX;
  return bytes <= maximumBytes
    ? undefined
    : `the packet has ${bytes} bytes, the broker takes ${maximumBytes}; lower image.maxPayloadBytes`;
}

// Fixed header 5, packet id 2, the lengths of topic and properties 6, and 3 + 3 + 3 + 5 for the properties' own heads.
const FIXED_BYTES_MAX = 27;

/** Each is an identifier and two texts with their lengths (MQTT 5, 3.3.2.3.7). */
function userBytes(userProperties: Readonly<Record<string, string>> = {}): number {
  return Object.entries(userProperties).reduce(
    (sum, [name, value]) => sum + 5 + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}

/** The part of MQTT.js' PUBLISH packet that we read. */
export interface PublishPacket {
  readonly retain: boolean;
  readonly dup: boolean;
  readonly properties?: { readonly responseTopic?: string; readonly correlationData?: Buffer };
}

export function incomingMessage(topic: string, payload: Buffer, packet: PublishPacket): IncomingMessage {
  const { responseTopic, correlationData } = packet.properties ?? {};
  const correlation = correlationData === undefined ? {} : { correlationData };
  return {
    topic,
    payload,
    retained: packet.retain,
    duplicate: packet.dup,
    ...correlation,
    ...(responseTopic === undefined ? {} : { reply: { topic: responseTopic, ...correlation } }),
  };
}
