// The oracle's own idea of what AWS IoT Core closes upon, held against its documented limits.
import assert from 'node:assert/strict';
import { awsClosesOnConnect } from './aws-rules.ts';
import { HEALTHY } from './modes.ts';

describe('awsClosesOnConnect()', () => {
  const aws = { ...HEALTHY, aws: true };
  const ids: readonly (readonly [bytes: number, clientId: string, closes: boolean])[] = [
    [129, 'x'.repeat(129), true],
    [130, 'é'.repeat(65), true],
    [128, 'é'.repeat(64), false],
    [128, 'x'.repeat(128), false],
  ];
  for (const [bytes, clientId, closes] of ids) {
    it(`${closes ? 'closes' : 'does not close'} upon a client id of ${bytes} bytes, ${clientId.length} characters`, () => {
      assert.equal(awsClosesOnConnect(aws, clientId), closes);
    });
  }

  it('closes upon none where the broker is not to be like AWS', () => {
    assert.equal(awsClosesOnConnect(HEALTHY, 'x'.repeat(1000)), false);
  });
});
