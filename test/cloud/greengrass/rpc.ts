// The event-stream RPC of Greengrass as messages: framing and checksums are the public codec's, here are only the names.
import { EventStreamCodec, getChunkedStream, type MessageHeaders } from '@smithy/core/event-streams';
import type { Socket } from 'node:net';

// aws-c-event-stream, event_stream_rpc.h: types and flags of a message.
export const TYPE = Object.freeze({
  applicationMessage: 0,
  applicationError: 1,
  ping: 2,
  pingResponse: 3,
  connect: 4,
  connectAck: 5,
  protocolError: 6,
});
export const CONNECTION_ACCEPTED = 1;
export const TERMINATE_STREAM = 2;

export interface RpcMessage {
  readonly type: number;
  readonly flags: number;
  /** 0: of the connection itself. */
  readonly stream: number;
  /** The others: `operation`, `:version`, `service-model-type`, `:content-type`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const OWN_HEADERS = [':message-type', ':message-flags', ':stream-id'];

export function encodeMessage({ type, flags, stream, headers, body }: RpcMessage): Uint8Array {
  const integer = (value: number): MessageHeaders[string] => ({ type: 'integer', value });
  return codec().encode({
    headers: {
      ':message-type': integer(type),
      ':message-flags': integer(flags),
      ':stream-id': integer(stream),
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, { type: 'string', value } as const]),
      ),
    },
    body,
  });
}

/** Until the socket ends. */
export async function* messagesFrom(socket: Socket): AsyncIterable<RpcMessage> {
  for await (const frame of getChunkedStream(socket)) yield decodeMessage(frame);
}

export function decodeMessage(frame: Uint8Array): RpcMessage {
  const { headers, body } = codec().decode(frame);
  const number = (name: string): number => Number(headers[name]?.value ?? 0);
  const others = Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name));
  return {
    type: number(':message-type'),
    flags: number(':message-flags'),
    stream: number(':stream-id'),
    headers: Object.fromEntries(others.map(([name, { value }]) => [name, String(value)])),
    body,
  };
}

function codec(): EventStreamCodec {
  return new EventStreamCodec(
    (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
    (text) => Buffer.from(text, 'utf8'),
  );
}
