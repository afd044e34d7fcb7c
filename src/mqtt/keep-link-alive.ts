// Gives one link its keep-alive in the place of MQTT.js' own; when to ask and when to give up is for `keep-alive` to say.
import type { Duplex } from 'node:stream';
import type { LinkProblem } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import { startKeepAlive } from './keep-alive.ts';
import { linkProblem } from './problem.ts';

/** What it needs of MQTT.js' client. */
interface Client {
  /** Seconds; CONNACK may have named another interval than CONNECT did. */
  readonly keepalive: number;
  sendPing(): void;
  on(event: 'packetsend', listener: () => void): unknown;
}

export interface LinkLife {
  readonly clock: Clock;
  readonly stream: Duplex;
  /** Aborts when the link ends. */
  readonly over: AbortSignal;
  readonly onSilent: (problem: LinkProblem) => void;
}

/** From CONNACK on. */
export function keepLinkAlive(client: Client, { clock, stream, over, onSilent }: LinkLife): void {
  if (over.aborted) return;
  const keepAlive = startKeepAlive({
    ...{ clock, keepaliveMs: client.keepalive * 1000 },
    sendPing: () => {
      client.sendPing();
    },
    onSilent: () => {
      onSilent(
        linkProblem('keepalive', 'not a byte within 1.5 keep-alive intervals, no answer to PINGREQ either'),
      );
    },
  });
  client.on('packetsend', () => {
    keepAlive.sent();
  });
  // Beside MQTT.js' pipe, which is there already and sets the pace.
  stream.on('data', () => {
    keepAlive.heard();
  });
  const stop = (): void => {
    keepAlive.stop();
  };
  over.addEventListener('abort', stop, { once: true });
}
