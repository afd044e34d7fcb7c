// A process that floods a topic at QoS 0 as fast as it is told: bytes on a socket, no client library in the way.
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, topic = '', kind, perSecond, seconds] = process.argv.slice(2);
const TICK_MS = 10;
const perTick = (Number(perSecond) * TICK_MS) / 1000;

/** MQTT 3.1.1, 3.1: protocol name, level 4, clean session, keep alive 0, client id. */
const CONNECT = packet(0x10, Buffer.from('00044d51545404020000', 'hex'), Buffer.from('\0\x06loader'));

function packet(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  for (let left = body.length; length.length === 0 || left > 0; left = Math.floor(left / 128)) {
    length.push((left % 128) + (left >= 128 ? 128 : 0));
  }
  return Buffer.concat([Buffer.of(type, ...length), body]);
}

function publish(payload: Uint8Array): Buffer {
  const name = Buffer.from(topic);
  return packet(0x30, Buffer.of(name.length >> 8, name.length & 0xff), name, payload);
}

function payload(n: number): Buffer {
  switch (kind) {
    case 'named':
      return Buffer.from(JSON.stringify({ request_id: `flood-${n}`, max_width: 640 }));
    case 'malformed':
      return Buffer.from(`{"request_id":"flood-${n}","max_width":`);
    case 'large':
      return Buffer.from(JSON.stringify({ request_id: `flood-${n}`, filling: 'x'.repeat(65_000) }));
    case undefined:
    default:
      return Buffer.alloc(0);
  }
}

const socket = connect({ port: Number(port), host: '127.0.0.1' });
socket.write(CONNECT);
await once(socket, 'data'); // CONNACK
const started = performance.now();
let sent = 0;
let ticks = 0;
while (performance.now() - started < Number(seconds) * 1000) {
  ticks += 1;
  const due = Math.round(ticks * perTick);
  const batch: Buffer[] = [];
  for (; sent < due; sent += 1) batch.push(publish(payload(sent)));
  if (!socket.write(Buffer.concat(batch))) await once(socket, 'drain');
  const waitMs = started + ticks * TICK_MS - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}
socket.write(Buffer.of(0xe0, 0));
socket.end();
await once(socket, 'close');
process.stdout.write(`${JSON.stringify({ sent, seconds: (performance.now() - started) / 1000 })}\n`);
