// Which subscriptions receive which messages, by MQTT 5 section 4.7.
import assert from 'node:assert/strict';
import { filterMatches, withDeviceId } from '../../src/config/topics.ts';

describe('filterMatches()', () => {
  const cases: readonly [string, string, boolean][] = [
    ['a/b', 'a/b/c', false],
    ['a/b/c', 'a/b', false],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['A', 'a', false],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['a/b', 'a/b', true],
    ['a/+', 'a/', true],
    ['+', 'a', true],
    ['+/+', '/a', true],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a/b', true],
    ['$SYS/#', '$SYS/x', true],
    ['$share/g/a/#', 'a/b', true],
    ['$share/g/a', 'b', false],
  ];
  for (const [filter, topic, expected] of cases) {
    it(`says ${String(expected)} for ${filter} and ${topic}`, () => {
      assert.equal(filterMatches(filter, topic), expected);
    });
  }
});

describe('withDeviceId()', () => {
  it('fills every place, and takes no pattern from the id', () => {
    assert.equal(withDeviceId('{deviceId}/a/{deviceId}', '$&'), '$&/a/$&');
  });
});
