// Notes the steps of a way to the broker from the events of its sockets, with their times; it opens none and ends none.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { LinkProblem } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { BrokerSettings } from './open-link.ts';
import { parseBrokerUrl } from './stream.ts';

/** In the order of the way; `files` are certificate, key and password, which are read before anything is opened. */
export type StepName = 'name' | 'files' | 'tcp' | 'proxy' | 'tls' | 'webSocket' | 'connack' | 'suback';

export interface Step {
  readonly step: StepName;
  readonly ms: number;
  readonly detail: string;
}

type Way = Pick<BrokerSettings, 'url' | 'proxyUrl' | 'tls'>;

export interface WalkNotes {
  readonly onSocket: NonNullable<BrokerSettings['onSocket']>;
  note(step: StepName, detail: string): void;
  /** The step that a failure was at. */
  reached(problem: LinkProblem): StepName;
  walk(): { readonly steps: readonly Step[]; readonly certificateEnds?: Date };
}

export function createWalkNotes(settings: Way, clock: Clock): WalkNotes {
  const steps: Step[] = [];
  let lastMs = clock.monotonicMs();
  let certificateEnds: Date | undefined;
  const { host, port } = parseBrokerUrl(settings.url);
  const note = (step: StepName, detail: string): void => {
    const nowMs = clock.monotonicMs();
    const taken = { step, detail, ms: Math.round(nowMs - lastMs) };
    const known = steps.findIndex((before) => before.step === step);
    if (known >= 0) steps.splice(known); // a second attempt goes the same way
    steps.push(taken);
    lastMs = nowMs;
  };
  const onSocket = (socket: Socket, to: 'proxy' | 'broker'): void => {
    const viaProxy = settings.proxyUrl !== undefined;
    const place = to === 'proxy' ? `proxy ${settings.proxyUrl ?? ''}` : `${host}:${String(port)}`;
    if (to === 'proxy' || !viaProxy)
      socket.once('connect', () => {
        note('tcp', `connected to ${place}`);
      });
    if (!(socket instanceof TLSSocket)) return;
    if (viaProxy) note('proxy', `leads to ${place}`);
    socket.once('secureConnect', () => {
      const { valid_to: end } = socket.getPeerCertificate();
      certificateEnds = new Date(end);
      note(
        'tls',
        `${socket.getProtocol() ?? 'TLS'}, the broker's certificate is good for ${settings.tls.serverName ?? host}`,
      );
    });
  };
  return {
    onSocket,
    note,
    reached: ({ fault }) => stepOf(fault, { settings, done: new Set(steps.map(({ step }) => step)) }),
    walk: () => ({
      steps,
      ...(certificateEnds === undefined ? {} : { certificateEnds }),
    }),
  };
}

function stepOf(
  fault: LinkProblem['fault'],
  { settings, done }: { readonly settings: Way; readonly done: ReadonlySet<StepName> },
): StepName {
  if (!done.has('tcp')) return fault === 'tls' || fault === 'credentials' ? 'files' : 'tcp';
  if (fault === 'tls') return 'tls';
  // Every other word is the broker's own, or about its silence: the stream was open by then.
  if (fault !== 'network' && fault !== 'refusedConnection') return 'connack';
  return afterTcp(settings).find((step) => !done.has(step)) ?? 'connack';
}

function afterTcp({ url, proxyUrl }: Way): readonly StepName[] {
  const { protocol } = parseBrokerUrl(url);
  return [
    ...(proxyUrl === undefined ? [] : (['proxy'] as const)),
    ...(['mqtts', 'wss'].includes(protocol) ? (['tls'] as const) : []),
    ...(['ws', 'wss'].includes(protocol) ? (['webSocket'] as const) : []),
  ];
}
