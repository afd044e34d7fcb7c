import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { Entry } from '../../src/domain.ts';
import {
  decodeEntry,
  encodeEntry,
  ENTRY_OVERHEAD_BYTES_MAX,
  entryFileName,
  isSameEntry,
  parseEntryFileName,
  type StoredRequest,
} from '../../src/outbox/entry-file.ts';
import { fixedUuid } from '../helpers/fixed-random.ts';
import { sampleRequest } from '../helpers/sample-request.ts';

const STORED: StoredRequest = {
  request: sampleRequest(1, 20),
  storedAt: '2031-05-06T07:08:09.010Z',
  storedAtSynchronised: true,
};
const ENTRY: Entry = { sequence: 7, requestId: STORED.request.requestId, bytes: 20 };
const BYTES = Buffer.concat(encodeEntry(STORED));

function damage(bytes: Uint8Array, entry = ENTRY): string {
  const decoded = decodeEntry(bytes, entry);
  assert.equal(decoded.kind, 'damaged');
  return decoded.detail;
}

/** As earlier versions wrote it. */
function formatOne(hash: Hash): Buffer {
  const [, metadata = new Uint8Array(), payload = new Uint8Array()] = encodeEntry(STORED);
  const checksum = hash.update(metadata).update(payload).digest('hex');
  const header = `shutterd-entry 1 ${checksum} ${metadata.length} ${payload.length}\n`;
  return Buffer.concat([Buffer.from(header), metadata, payload]);
}

describe('decodeEntry()', () => {
  it('refuses an entry with any single bit flipped', () => {
    for (let bit = 0; bit < BYTES.length * 8; bit += 1) {
      const flipped = Buffer.from(BYTES);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(decodeEntry(flipped, ENTRY).kind, 'damaged', `bit ${bit}`);
    }
  });

  it('refuses an entry cut at any byte', () => {
    for (let length = 0; length < BYTES.length; length += 1) {
      assert.equal(decodeEntry(BYTES.subarray(0, length), ENTRY).kind, 'damaged', `${length} bytes`);
    }
  });

  it('refuses an entry with a byte too many', () => {
    assert.match(damage(Buffer.concat([BYTES, Buffer.alloc(1)])), /\d+ bytes, the header says \d+/);
  });

  it('refuses an entry that a power cut filled with zeros', () => {
    assert.equal(damage(Buffer.alloc(BYTES.length)), 'no entry header');
  });

  it('refuses an entry of another format version, and says which it reads', () => {
    const foreign = Buffer.from(
      BYTES.toString('latin1').replace('shutterd-entry 2', 'shutterd-entry 3'),
      'latin1',
    );
    assert.equal(damage(foreign), 'format version 3, this program reads 1 and 2');
  });

  it('refuses a run of bytes overwritten with zeros or ones anywhere', () => {
    for (let at = 0; at < BYTES.length; at += 1) {
      for (const [length, value] of [2, 4, 5, 64, 500].flatMap((length) => [
        [length, 0] as const,
        [length, 255] as const,
      ])) {
        const overwritten = Buffer.from(BYTES).fill(value, at, Math.min(at + length, BYTES.length));
        assert.equal(decodeEntry(overwritten, ENTRY).kind, 'damaged', `${length} of ${value} at ${at}`);
      }
    }
  });

  it('reads format 1, whose checksum is a SHA-256, and refuses it where that differs', () => {
    const bytes = formatOne(createHash('sha256'));
    const decoded = decodeEntry(bytes, ENTRY);
    assert.equal(decoded.kind, 'entry');
    assert.deepEqual(new Uint8Array(decoded.stored.request.payload), STORED.request.payload);
    assert.equal(damage(formatOne(createHash('sha256').update('!'))), 'checksum differs');
    assert.equal(damage(Buffer.from(bytes).fill(0, bytes.length - 1)), 'checksum differs');
  });

  it('refuses a checksum of the other format', () => {
    const asTwo = formatOne(createHash('sha256')).toString('latin1').replace('entry 1', 'entry 2');
    assert.equal(damage(Buffer.from(asTwo, 'latin1')), 'checksum differs');
    const asOne = BYTES.toString('latin1').replace('entry 2', 'entry 1');
    assert.equal(damage(Buffer.from(asOne, 'latin1')), 'checksum differs');
  });

  it('refuses arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(decodeEntry(bytes, ENTRY).kind, 'damaged');
      }),
      { numRuns: 200 },
    );
  });

  const renamed: readonly { what: string; entry: Entry }[] = [
    { what: 'request', entry: { ...ENTRY, requestId: fixedUuid(2) } },
    { what: 'length', entry: { ...ENTRY, bytes: 21 } },
  ];
  for (const { what, entry } of renamed) {
    it(`refuses an entry whose file name says another ${what}`, () => {
      assert.match(damage(BYTES, entry), /its name says/);
    });
  }

  it('gives back what encodeEntry() was given', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.string({ unit: 'binary', maxLength: 100 }),
        fc.boolean(),
        (payload, contentType, storedAtSynchronised) => {
          const stored = {
            ...STORED,
            storedAtSynchronised,
            request: { ...STORED.request, payload, contentType },
          };
          const decoded = decodeEntry(Buffer.concat(encodeEntry(stored)), {
            ...ENTRY,
            bytes: payload.length,
          });
          assert.equal(decoded.kind, 'entry');
          const found = {
            ...decoded.stored.request,
            payload: new Uint8Array(decoded.stored.request.payload),
          };
          assert.deepEqual(
            { ...decoded.stored, request: found },
            { ...stored, request: { ...stored.request, payload } },
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads bytes that lie inside a larger buffer', () => {
    const larger = Buffer.concat([Buffer.from('before'), BYTES, Buffer.from('after')]);
    assert.equal(
      decodeEntry(new Uint8Array(larger.buffer, larger.byteOffset + 6, BYTES.length), ENTRY).kind,
      'entry',
    );
  });
});

describe('encodeEntry()', () => {
  it('writes a header line of version, checksum of the rest, and both lengths', () => {
    const [header, metadata, payload] = encodeEntry(STORED).map((part) => Buffer.from(part));
    assert.ok(header !== undefined && metadata !== undefined && payload !== undefined);
    const checksum = crc32(Buffer.concat([metadata, payload]))
      .toString(16)
      .padStart(8, '0');
    assert.equal(header.toString(), `shutterd-entry 2 ${checksum} ${metadata.length} 20\n`);
    assert.ok(header.length + metadata.length < ENTRY_OVERHEAD_BYTES_MAX);
  });
});

describe('parseEntryFileName()', () => {
  const uuid = fixedUuid(1);
  const foreign: readonly string[] = [
    '',
    'notes.txt',
    `7.${uuid}.20.entry`,
    `0000000000000007.${uuid}.20.entry.bak`,
    `.tmp-0000000000000007.${uuid}.20.entry`,
    `0000000000000007.${uuid.toUpperCase().replace('4', 'A')}.20.entry`,
    `0000000000000007.${uuid}.-1.entry`,
    `0000000000000007.${uuid}.20.entry\n`,
    `0000000000000007.../../../etc/passwd.20.entry`,
    // Numbers that a double cannot hold, or that this program would write in another way, name another file.
    `9999999999999999.${uuid}.20.entry`,
    `0000000000000007.${uuid}.020.entry`,
  ];
  for (const name of foreign) {
    it(`does not take ${JSON.stringify(name)} for an entry`, () => {
      assert.equal(parseEntryFileName(name), undefined);
    });
  }

  it('reads back what entryFileName() wrote', () => {
    for (const sequence of [0, 1, 999, 1_000_000_007, 2 ** 52]) {
      const entry = { sequence, requestId: uuid, bytes: 128_000 };
      assert.deepEqual(parseEntryFileName(entryFileName(entry)), entry);
    }
  });
});

describe('entryFileName()', () => {
  it('sorts as text as the sequences do as numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { maxLength: 20 }),
        (sequences) => {
          const names = sequences.map((sequence) => entryFileName({ ...ENTRY, sequence }));
          const inOrder = [...sequences].sort((left, right) => left - right);
          assert.deepEqual(
            names.sort().map((name) => parseEntryFileName(name)?.sequence),
            inOrder,
          );
        },
      ),
    );
  });
});

describe('isSameEntry()', () => {
  it('takes two for one only where their files have one name', () => {
    const entry: Entry = { sequence: 7, requestId: fixedUuid(1), bytes: 100 };
    const others: readonly Entry[] = [
      { ...entry, sequence: 8 },
      { ...entry, requestId: fixedUuid(2) },
      { ...entry, bytes: 101 },
    ];
    for (const one of [entry, { ...entry }, ...others])
      assert.equal(isSameEntry(one, entry), entryFileName(one) === entryFileName(entry));
    assert.equal(isSameEntry(undefined, entry), false);
  });
});
