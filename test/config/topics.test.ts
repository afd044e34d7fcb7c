// Which subscriptions receive which messages, by MQTT 5 section 4.7.
import assert from 'node:assert/strict';
import { filterCovers, filterMatches, filtersOverlap, withDeviceId } from '../../src/config/topics.ts';

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

describe('filterCovers() and filtersOverlap()', () => {
  const cases: readonly [string, string, 'apart' | 'overlap' | 'first' | 'second' | 'both'][] = [
    ['a', 'b', 'apart'],
    ['a/b', 'a', 'apart'],
    ['a/+', 'a', 'apart'],
    ['a/+/c', 'a/b', 'apart'],
    ['+/x', '$SYS/x', 'apart'],
    ['#', '$SYS/#', 'apart'],
    ['a/+/c', '+/b/c', 'overlap'],
    ['a/+', '+/#', 'second'],
    ['a/#', '+/b', 'overlap'],
    ['+/b/#', 'a/+', 'overlap'],
    ['$share/g/a/#', 'a/b', 'overlap'],
    ['$share/g/a', '$share/h/a', 'overlap'],
    ['device/+/image/trigger', 'device/pi-1/image/trigger', 'first'],
    ['a/#', 'a', 'first'],
    ['a/#', 'a/+/c', 'first'],
    ['+/+', 'a/+', 'first'],
    ['#', '+/b', 'first'],
    ['a/+', '$share/g/a/b', 'first'],
    ['a/b', 'a/#', 'second'],
    ['+', '#', 'second'],
    ['a/+', 'a/+', 'both'],
  ];
  for (const [one, other, relation] of cases) {
    it(`say ${relation} of ${one} and ${other}`, () => {
      assert.equal(filterCovers(one, other), relation === 'first' || relation === 'both');
      assert.equal(filterCovers(other, one), relation === 'second' || relation === 'both');
      assert.equal(filtersOverlap(one, other), relation !== 'apart');
      assert.equal(filtersOverlap(other, one), relation !== 'apart');
    });
  }
});

describe('withDeviceId()', () => {
  it('fills every place, and takes no pattern from the id', () => {
    assert.equal(withDeviceId('{deviceId}/a/{deviceId}', '$&'), '$&/a/$&');
  });
});
