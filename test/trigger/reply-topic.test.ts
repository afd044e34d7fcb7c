import assert from 'node:assert/strict';
import { mayReplyTo, type ReplyPolicy } from '../../src/trigger/reply-topic.ts';

const anywhere: ReplyPolicy = { subscribed: (topic) => topic === 'device/image/trigger' };
const onlyOurs: ReplyPolicy = { ...anywhere, prefix: 'device/pi-1/' };

describe('mayReplyTo()', () => {
  const cases: readonly [boolean, string, string, ReplyPolicy][] = [
    [false, 'no topic', '', anywhere],
    [false, "a broker's own topic", '$SYS/broker/uptime', anywhere],
    [false, 'an AWS reserved topic', '$aws/things/pi-1/shadow/update', anywhere],
    [false, 'a dollar anywhere', 'answers/$7', anywhere],
    [false, 'a one-level wildcard', 'answers/+/7', anywhere],
    [false, 'a multi-level wildcard', 'answers/#', anywhere],
    [false, 'NUL', 'answers/\0', anywhere],
    [false, 'a line end', 'answers/\n7', anywhere],
    [false, 'a C1 control', 'answers/\u009b', anywhere],
    [false, 'half a character', 'answers/\ud800', anywhere],
    [false, 'a code point that is no character', 'answers/\uffff', anywhere],
    [false, 'a topic we subscribe to', 'device/image/trigger', anywhere],
    [false, 'a name longer than anybody needs', 'x'.repeat(1025), anywhere],
    [false, 'a name whose bytes are too many', 'ü'.repeat(513), anywhere],
    [false, 'a topic outside the prefix', 'answers/7', onlyOurs],
    [false, "another device's topic", 'device/pi-10/answers', onlyOurs],
    [false, 'the prefix without its slash', 'device/pi-1', onlyOurs],
    [true, 'an ordinary topic', 'answers/7', anywhere],
    [true, 'the longest name', 'x'.repeat(1024), anywhere],
    [true, 'a name in any script', 'türen/玄関', anywhere],
    [true, 'a topic below the prefix', 'device/pi-1/answers/7', onlyOurs],
  ];
  for (const [allowed, what, topic, policy] of cases) {
    it(`${allowed ? 'allows' : 'refuses'} ${what}`, () => assert.equal(mayReplyTo(policy, topic), allowed));
  }
});
