import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jpegBudgetBytes } from '../../src/fit/budget.ts';

describe('jpegBudgetBytes()', () => {
  it('is 0 where the overhead alone is too much', () => {
    for (const encoding of ['base64', 'binary'] as const) {
      assert.equal(jpegBudgetBytes({ maxPayloadBytes: 100, overheadBytes: 101, encoding }), 0);
    }
  });

  it('leaves room for no partial base64 group', () => {
    assert.equal(jpegBudgetBytes({ maxPayloadBytes: 107, overheadBytes: 100, encoding: 'base64' }), 3);
    assert.equal(jpegBudgetBytes({ maxPayloadBytes: 108, overheadBytes: 100, encoding: 'base64' }), 6);
    assert.equal(jpegBudgetBytes({ maxPayloadBytes: 107, overheadBytes: 100, encoding: 'binary' }), 7);
  });

  it('is the largest size whose real base64 payload is legal', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(2000), (maxPayloadBytes, overheadBytes) => {
        const budget = jpegBudgetBytes({ maxPayloadBytes, overheadBytes, encoding: 'base64' });
        const payload = (bytes: number): number =>
          overheadBytes + Buffer.alloc(bytes).toString('base64').length;
        assert.ok(budget === 0 || payload(budget) <= maxPayloadBytes);
        assert.ok(payload(budget + 1) > maxPayloadBytes);
      }),
    );
  });
});
