// What is in memory before it is sent: how much, and who may write where the bytes of an entry lie.
import assert from 'node:assert/strict';
import type { Entry, Outbox } from '../../src/domain.ts';
import { ReadAhead } from '../../src/outbox/read-ahead.ts';
import { sampleRequest } from '../helpers/sample-request.ts';
import { createOutboxBench, store, type OutboxBench } from './outbox-bench.ts';

const BYTES = 5000;

describe('Outbox.read() and the memory of a payload', () => {
  let bench: OutboxBench;
  let outbox: Outbox;
  let entries: readonly Entry[];

  beforeEach(async () => {
    bench = createOutboxBench();
    outbox = await bench.open();
    const stored: Entry[] = [];
    for (const number of [1, 2, 3]) stored.push(await store(outbox, sampleRequest(number, BYTES)));
    entries = stored;
  });

  afterEach(() => bench.end());

  async function payloadOf(at: number): Promise<Uint8Array> {
    const entry = entries[at];
    assert.ok(entry !== undefined);
    const read = await outbox.read(entry);
    assert.equal(read.kind, 'request');
    return read.request.payload;
  }

  it('uses it anew only after the entry was removed', async () => {
    const first = await payloadOf(0);
    const [entry] = entries;
    assert.ok(entry !== undefined);
    await outbox.remove(entry);
    const buffers: ArrayBufferLike[] = [];
    for (let next = outbox.oldest(); next !== undefined; next = outbox.oldest()) {
      const read = await outbox.read(next);
      assert.equal(read.kind, 'request');
      buffers.push(read.request.payload.buffer);
      await outbox.remove(next);
    }
    assert.ok(buffers.includes(first.buffer), 'it is used anew');
  });

  it('leaves alone what a connection that failed may still hold', async () => {
    const first = await payloadOf(0);
    const bytes = Buffer.from(first);
    const [entry] = entries;
    assert.ok(entry !== undefined);
    outbox.release(entry);
    const again = await payloadOf(0);
    assert.notEqual(again.buffer, first.buffer);
    await outbox.remove(entry);
    for (const number of [4, 5, 6]) await store(outbox, sampleRequest(number, BYTES));
    await payloadOf(1);
    await payloadOf(2);
    assert.deepEqual(Buffer.from(first), bytes);
  });
});

describe('ReadAhead', () => {
  it('has at most 16 entries and 2 MiB, one of any size excepted, and fetches when half of them are used up', async () => {
    const loaded: number[] = [];
    const ahead = new ReadAhead((_name, entry, room) => {
      room(entry.bytes);
      loaded.push(entry.sequence);
      return Promise.resolve({ kind: 'damaged', detail: 'a test has no files' });
    });
    const many = (bytes: number): Entry[] =>
      Array.from({ length: 100 }, (_, at) => ({ ...sampleEntry(at), bytes }));
    const fetchFrom = (from: number, bytes: number): void => {
      ahead.fetch((count) => many(bytes).slice(from, from + count));
    };
    fetchFrom(0, 1000);
    assert.equal(loaded.length, 16);
    for (const entry of many(1000).slice(0, 7)) await ahead.read(entry);
    fetchFrom(7, 1000);
    assert.equal(loaded.length, 16, 'nine are there');
    for (const entry of many(1000).slice(7, 8)) await ahead.read(entry);
    fetchFrom(8, 1000);
    assert.equal(loaded.length, 24);
    for (const entry of many(1000).slice(8, 24)) await ahead.read(entry);
    fetchFrom(24, 1024 * 1024);
    assert.equal(loaded.length, 26);
    for (const entry of many(1024 * 1024).slice(24, 26)) await ahead.read(entry);
    fetchFrom(26, 64 * 1024 * 1024);
    assert.equal(loaded.length, 27);
  });
});

function sampleEntry(sequence: number): Entry {
  return { sequence, requestId: sampleRequest(sequence).requestId, bytes: 0 };
}
