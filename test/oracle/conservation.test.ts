// The checker itself: each way in which a history can be broken is found, and a sound one is not accused.
import assert from 'node:assert/strict';
import { checkConservation, type History, type KeptEntry, type LogLine } from './conservation.ts';
import type { RequestArrival } from './journal.ts';

const stored = (requestId: string, bytes = 10): LogLine => ({ event: 'request.stored', requestId, bytes });
const acknowledged = (requestId: string, by = 'broker'): LogLine => ({
  ...{ event: 'request.acknowledged', requestId, bytes: 10, by },
});
const dropped = (requestId: string, accepted: boolean): LogLine => ({
  ...{ event: 'request.dropped', requestId, bytes: 10, reason: 'outboxFull', accepted },
});
const quarantined = (requestId: string): LogLine => ({ event: 'request.quarantined', requestId, bytes: 10 });
const arrival = (requestId: string, { sha256 = 'd1', bytes = 10 } = {}): RequestArrival => ({
  ...{ kind: 'request', requestId, sha256, bytes, time: '2031-05-06T07:08:09.010Z' },
  ...{ connection: 1, qos: 1, dup: false, packetId: 1 },
});
const kept = (requestId: string, sha256 = 'd1'): KeptEntry => ({ requestId, bytes: 10, sha256 });
const history = (parts: Partial<History>): History => ({
  ...{ lines: [], arrivals: [], kept: [], quarantined: [] },
  ...parts,
});

describe('checkConservation()', () => {
  const broken: readonly { says: string; parts: Partial<History>; violation: RegExp }[] = [
    {
      says: 'a request that is nowhere',
      parts: { lines: [stored('a')] },
      violation: /a was stored and is nowhere/,
    },
    {
      says: 'a request that is nowhere, also after a kill',
      parts: { lines: [stored('a')], kills: 3 },
      violation: /a was stored and is nowhere/,
    },
    {
      says: 'an acknowledgement that the broker never gave',
      parts: { lines: [stored('a'), acknowledged('a')] },
      violation: /the broker never had it/,
    },
    {
      says: 'a request that left the outbox without a line and without a kill',
      parts: { lines: [stored('a')], arrivals: [arrival('a')] },
      violation: /1 arrived and left the outbox without a line, in 0 kills/,
    },
    {
      says: 'more requests without a line than kills',
      parts: { lines: [stored('a'), stored('b')], arrivals: [arrival('a'), arrival('b')], kills: 1 },
      violation: /2 arrived/,
    },
    {
      says: 'an arrival that was never stored',
      parts: { arrivals: [arrival('a')] },
      violation: /1 that no line says were stored/,
    },
    {
      says: 'a file that was never stored',
      parts: { kept: [kept('a')] },
      violation: /1 that no line says were stored/,
    },
    {
      says: 'a request stored twice',
      parts: { lines: [stored('a'), stored('a')], kept: [kept('a')] },
      violation: /a was stored twice/,
    },
    {
      says: 'a request that is acknowledged and still kept',
      parts: { lines: [stored('a'), acknowledged('a')], arrivals: [arrival('a')], kept: [kept('a')] },
      violation: /a ended as acknowledged and kept/,
    },
    {
      says: 'a request that is acknowledged and dropped',
      parts: { lines: [stored('a'), acknowledged('a'), dropped('a', true)], arrivals: [arrival('a')] },
      violation: /a ended as acknowledged and dropped/,
    },
    {
      says: 'a request acknowledged twice',
      parts: { lines: [stored('a'), acknowledged('a'), acknowledged('a')], arrivals: [arrival('a')] },
      violation: /a ended as acknowledged and acknowledged/,
    },
    {
      says: 'a payload that changed on its way',
      parts: {
        lines: [stored('a'), acknowledged('a')],
        arrivals: [arrival('a', { sha256: 'd2' })],
        seen: [kept('a')],
      },
      violation: /a has two contents, d1 and d2/,
    },
    {
      says: 'two arrivals with different payloads',
      parts: {
        lines: [stored('a'), acknowledged('a')],
        arrivals: [arrival('a'), arrival('a', { sha256: 'd2' })],
      },
      violation: /two contents/,
    },
    {
      says: 'a payload cut short',
      parts: { lines: [stored('a'), acknowledged('a')], arrivals: [arrival('a', { bytes: 9 })] },
      violation: /a has 9 bytes, its line says 10/,
    },
    {
      says: 'a quarantine that is empty',
      parts: { lines: [stored('a'), quarantined('a')] },
      violation: /a is said to be in quarantine and is not there/,
    },
    {
      says: 'a quarantined request without a line',
      parts: { lines: [stored('a')], quarantined: ['a'] },
      violation: /a is in quarantine without a line/,
    },
    {
      says: 'an arrival without an id',
      parts: { arrivals: [{ ...arrival('a'), requestId: null }], kills: 1 },
      violation: /an arrival has no request id/,
    },
  ];
  for (const { says, parts, violation } of broken) {
    it(`finds ${says}`, () => {
      assert.match(checkConservation(history(parts)).violations.join('\n'), violation);
    });
  }

  it('accuses a sound history of nothing, and counts it', () => {
    const verdict = checkConservation({
      lines: [
        ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => stored(id)),
        ...[acknowledged('a'), acknowledged('g', 'socket'), quarantined('c'), dropped('d', true)],
        ...[dropped('z', false), quarantined('f'), dropped('f', true)],
      ],
      arrivals: [arrival('a'), arrival('a'), arrival('e')],
      kept: [kept('b')],
      seen: [kept('a'), kept('b')],
      quarantined: ['c'],
      kills: 1,
    });
    assert.deepEqual(verdict, {
      violations: [],
      ...{ accepted: 7, acknowledged: 1, sentAtQos0: 1, acknowledgedUntold: 1, kept: 1 },
      ...{ quarantined: 1, dropped: 2, lost: 0, repeats: 1 },
    });
  });
});
