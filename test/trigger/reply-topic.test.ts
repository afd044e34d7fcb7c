import assert from 'node:assert/strict';
import { mayReplyTo, type ReplyPolicy } from '../../src/trigger/reply-topic.ts';

const anywhere: ReplyPolicy = {
  subscribed: (topic) => topic === 'device/image/trigger',
  published: (topic) => topic === 'device/pi-1/status',
};
const onlyOurs: ReplyPolicy = {
  ...anywhere,
  ...{ prefix: 'device/pi-1/', topicBytesMax: 256, topicSlashesMax: 7 },
};

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
    [false, 'a topic we publish on', 'device/pi-1/status', anywhere],
    [false, 'a topic we publish on, below the prefix', 'device/pi-1/status', onlyOurs],
    [false, 'more bytes than the broker takes', `device/pi-1/${'x'.repeat(245)}`, onlyOurs],
    [false, 'more slashes than the broker takes', 'device/pi-1/3/4/5/6/7/8/9', onlyOurs],
    [false, 'a name longer than anybody needs', 'x'.repeat(1025), anywhere],
    [false, 'a name whose bytes are too many', 'ü'.repeat(513), anywhere],
    [false, 'a topic outside the prefix', 'answers/7', onlyOurs],
    [false, "another device's topic", 'device/pi-10/answers', onlyOurs],
    [false, 'the prefix without its slash', 'device/pi-1', onlyOurs],
    [true, 'the longest name the broker takes', `device/pi-1/${'x'.repeat(244)}`, onlyOurs],
    [true, 'as many slashes as the broker takes', 'device/pi-1/3/4/5/6/7/8', onlyOurs],
    [true, 'an ordinary topic', 'answers/7', anywhere],
    [true, 'the longest name', 'x'.repeat(1024), anywhere],
    [true, 'a name in any script', 'türen/玄関', anywhere],
    [true, 'a topic below the prefix', 'device/pi-1/answers/7', onlyOurs],
  ];
  for (const [allowed, what, topic, policy] of cases) {
    it(`${allowed ? 'allows' : 'refuses'} ${what}`, () => assert.equal(mayReplyTo(policy, topic), allowed));
  }
});
