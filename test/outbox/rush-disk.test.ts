// When a thread of its own looks after entries' files, and when the thread pool does.
import assert from 'node:assert/strict';
import type { EntryDisk } from '../../src/outbox/entry-disk.ts';
import type { EntryThread } from '../../src/outbox/entry-thread.ts';
import { RushDisk } from '../../src/outbox/rush-disk.ts';
import { createFakeClock, settle, type FakeClock } from '../helpers/fake-clock.ts';
import { sampleRequest } from '../helpers/sample-request.ts';

const ENTRY = { sequence: 1, requestId: sampleRequest(1).requestId, bytes: 10 };

describe('RushDisk', () => {
  let clock: FakeClock;
  let seen: string[];
  let startThread: () => Promise<EntryThread>;
  let disk: RushDisk;

  beforeEach(() => {
    clock = createFakeClock();
    seen = [];
    startThread = () => {
      seen.push('started');
      return Promise.resolve({
        ...recording('thread'),
        end() {
          seen.push('ended');
          return Promise.resolve();
        },
      });
    };
    disk = new RushDisk({ clock, pool: recording('pool'), startThread: () => startThread() });
  });

  function recording(name: string): EntryDisk {
    return {
      load() {
        seen.push(name);
        return Promise.resolve({ decoded: { kind: 'damaged', detail: 'no file' }, memory: undefined });
      },
      remove() {
        seen.push(`${name} removes`);
        return Promise.resolve();
      },
    };
  }

  async function load(times: number): Promise<void> {
    for (let at = 0; at < times; at += 1) await disk.load(ENTRY);
    await settle();
  }

  const last = (): string | undefined => seen.at(-1);

  it('goes on with the pool where the system has no room for a thread, and tries again later', async () => {
    for (const code of ['EMFILE', 'ERR_WORKER_INIT_FAILED']) {
      const failing = (): Promise<EntryThread> => {
        seen.push(code);
        return Promise.reject(Object.assign(new Error(code), { code }));
      };
      startThread = failing;
      await load(100);
      assert.deepEqual(
        seen.filter((it) => it === code),
        [code],
        'once in a second',
      );
      assert.equal(last(), 'pool');
      await clock.advance(1001);
    }
    startThread = () => Promise.resolve({ ...recording('thread'), end: () => Promise.resolve() });
    await load(33);
    assert.equal(last(), 'thread');
    await disk.end();
  });

  it('leaves paced and live requests to the pool, and starts no thread for them', async () => {
    await load(16);
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1001);
      await load(31);
    }
    assert.deepEqual([...new Set(seen)], ['pool']);
  });

  it('has a thread read and remove from the 32nd entry in a second on', async () => {
    await load(31);
    assert.ok(!seen.includes('started'));
    await load(1);
    assert.ok(seen.includes('started'));
    await load(1);
    assert.equal(last(), 'thread');
    await disk.remove('name');
    assert.equal(last(), 'thread removes');
    assert.equal(seen.filter((it) => it === 'started').length, 1);
    await disk.end();
  });

  it('ends the thread a minute after the last entry, and starts another in the next rush', async () => {
    await load(33);
    await clock.advance(50_000);
    await load(1);
    await clock.advance(59_000);
    assert.equal(last(), 'thread');
    await clock.advance(1000);
    assert.equal(last(), 'ended');
    assert.equal(clock.timers(), 0);
    await load(33);
    assert.equal(last(), 'thread');
    await disk.end();
    assert.equal(clock.timers(), 0);
  });

  it('end() ends a thread that is just being started, and starts none afterwards', async () => {
    await load(31);
    void disk.load(ENTRY);
    await disk.end();
    assert.equal(last(), 'ended');
    assert.equal(clock.timers(), 0);
    await load(100);
    assert.equal(last(), 'pool');
  });
});
