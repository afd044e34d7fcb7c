// Faults of a broker that is there: what it answers wrongly, late, or not at all.
import type { Modes } from '../oracle/modes.ts';
import { storeSome } from '../system/settings.ts';
import { BOTH, type Fault } from './fault.ts';

export const BROKER_FAULTS: readonly Fault[] = [
  ...[
    refusesToConnect(
      'never sends CONNACK',
      { noConnack: true },
      { event: 'broker.retry', fault: 'noConnack' },
    ),
    refusesToConnect(
      'never sends SUBACK',
      { noSuback: true },
      { event: 'broker.refused', fault: 'subscribe' },
    ),
    refusesToConnect(
      'refuses the topic filters',
      { subackFailure: true },
      { event: 'broker.refused', fault: 'subscribe' },
    ),
    {
      ...refusesToConnect('is busy', { connackCode: 3 }, { event: 'broker.refused', fault: 'serverBusy' }),
      protocols: [4] as const,
    },
    {
      ...refusesToConnect(
        'does not let it in',
        { connackCode: 135 },
        { event: 'broker.refused', fault: 'notAuthorized' },
      ),
      protocols: [5] as const,
    },
  ],
  ...[
    answersWrong('never sends PUBACK', { noPuback: true }),
    answersWrong('sends PUBACK too late', { latePubackMs: 1500 }),
    answersWrong('acknowledges another packet', { wrongPuback: true }),
    answersWrong('stops reading', { stopReading: true }),
  ],
  {
    ...answersWrong('closes instead of PUBACK', { closeBeforePubackOf: 1 }),
    told: { event: 'broker.lost', fault: 'closedByBroker' },
  },
  {
    ...answersWrong('closes right after PUBACK', { closeAfterPublish: 'withPuback' }),
    told: { event: 'broker.lost', fault: 'closedByBroker' },
  },
  {
    ...answersWrong('closes at every request', { closeOnTopic: 'device/image/request' }, 1),
    told: { event: 'request.quarantined', reason: /^3 times the broker closed/ },
    quarantined: 1,
  },
  {
    ...answersWrong('says that a quota is used up', { pubackReasonCode: 151 }),
    protocols: [5],
    told: { event: 'broker.refused', reasonCode: 151 },
  },
  {
    ...answersWrong('refuses one request and no other', {}),
    protocols: [5],
    async make({ oracle, daemon }) {
      await oracle.set({ pubackReasonCode: 151 });
      const [poison = ''] = await storeSome(daemon(), 3);
      await oracle.set({ pubackReasonCode: 128, pubackReasonCodeFor: [poison] });
    },
    told: { event: 'broker.refused', reasonCode: 128 },
    async undo({ oracle, daemon }) {
      await oracle.set({});
      // It stands aside, and a request that comes meanwhile would pass it.
      await daemon().waitFor('request.acknowledged', daemon().of('request.stored').length);
    },
  },
  {
    ...refusesToConnect(
      'announces a packet size below the request',
      { maximumPacketSize: 1500 },
      { event: 'request.quarantined', reason: /^3 times the broker refused/ },
      1,
    ),
    protocols: [5],
    async undo({ oracle, proxy }) {
      await oracle.set({});
      proxy.reset(); // it is CONNACK that tells
    },
    quarantined: 1,
  },
  {
    ...refusesToConnect(
      'takes one at a time and is slow',
      { receiveMaximum: 1, latePubackMs: 200 },
      { event: 'request.acknowledged' },
    ),
    protocols: [5],
    losses: 1, // the one that made it known
  },
  answersWell('acknowledges everything twice', { doublePuback: true }),
  answersWell('takes half of the allowed time', { latePubackMs: 500 }),
  answersWell('reads 32 KiB/s', { readBytesPerSecond: 32 * 1024 }),
  // Slower than the first deadline allows: the daemon learns how long a request takes there, and it arrives.
  {
    ...answersWrong('reads 4 KiB/s', { readBytesPerSecond: 4 * 1024 }),
    told: { event: 'request.acknowledged', by: 'broker' },
  },
];

/** A broker that is there and does not let it in, after the connection was cut. */
function refusesToConnect(
  ...[what, modes, told, count = 2]: [string, Partial<Modes>, Fault['told'], number?]
): Fault {
  return {
    says: `a broker that ${what}`,
    protocols: BOTH,
    async make(stage) {
      await stage.oracle.set(modes);
      stage.proxy.reset();
      await storeSome(stage.daemon(), count);
    },
    told,
    undo: ({ oracle }) => oracle.set({}),
  };
}

/** A broker that answers requests wrongly while the connection stands. */
function answersWrong(what: string, modes: Partial<Modes>, count = 2): Fault {
  return {
    says: `a broker that ${what}`,
    protocols: BOTH,
    async make(stage) {
      await stage.oracle.set(modes);
      await storeSome(stage.daemon(), count);
    },
    told: { event: 'broker.lost', fault: 'ackTimeout' },
    undo: ({ oracle }) => oracle.set({}),
  };
}

/** Odd, and no reason to complain. */
function answersWell(what: string, modes: Partial<Modes>): Fault {
  return { ...answersWrong(what, modes), told: { event: 'request.acknowledged', by: 'broker' }, losses: 0 };
}
