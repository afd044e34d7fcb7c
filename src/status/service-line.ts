// How the service is, as one sentence for `systemctl status`. It knows facts only, and asks nobody for them.
import type { LinkFault, OutboxCounts } from '../domain.ts';
import { inWords } from '../support/time-words.ts';
import type { CameraFacts, ConfigFacts } from './status-message.ts';

export interface ServiceFacts {
  readonly way: ServiceWay;
  readonly paused: boolean;
  readonly outbox: OutboxCounts;
  /** Monotonic; absent where there was no picture yet. */
  readonly lastPictureMs?: number | undefined;
  readonly camera: Pick<CameraFacts, 'state' | 'cause'>;
  readonly config: ConfigFacts['state'];
}

/** The way to the broker; times are monotonic. */
export type ServiceWay =
  | { readonly kind: 'online' }
  | { readonly kind: 'offline'; readonly sinceMs: number; readonly fault?: LinkFault | undefined };

/** `online, outbox 0, last picture 12 s ago`; `offline for 3 min (connection refused), outbox 12`. */
export function serviceLine(facts: ServiceFacts, nowMs: number): string {
  const { way, paused, outbox, lastPictureMs, camera, config } = facts;
  const { cause = 'unknown' } = camera;
  return [
    way.kind === 'online' ? 'online' : offline(way, nowMs),
    ...(paused ? ['paused'] : []),
    `outbox ${String(outbox.entries)}`,
    ...(outbox.quarantined > 0 ? [`${String(outbox.quarantined)} in quarantine`] : []),
    ...(lastPictureMs === undefined ? [] : [`last picture ${inWords(nowMs - lastPictureMs)} ago`]),
    ...(camera.state === 'failing' ? [`camera failing (${cause})`] : []),
    ...(config === 'applied' ? [] : [`configuration ${config}`]),
  ].join(', ');
}

function offline(way: Extract<ServiceWay, { kind: 'offline' }>, nowMs: number): string {
  const because = way.fault === undefined ? '' : ` (${FAULTS[way.fault]})`;
  return `offline for ${inWords(nowMs - way.sinceMs)}${because}`;
}

const FAULTS: Readonly<Record<LinkFault, string>> = Object.freeze({
  network: 'network unreachable',
  dns: 'name not found',
  refusedConnection: 'connection refused',
  tls: 'TLS failed',
  noConnack: 'no answer',
  protocolVersion: 'MQTT version refused',
  clientId: 'client id refused',
  credentials: 'credentials refused',
  notAuthorized: 'not authorised',
  serverBusy: 'broker busy',
  refused: 'refused by the broker',
  takenOver: 'another client has this client id',
  keepalive: 'broker went silent',
  closedByBroker: 'closed by the broker',
  ackTimeout: 'no acknowledgement',
  subscribe: 'subscription refused',
  stopped: 'stopped',
});
