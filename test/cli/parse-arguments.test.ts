import assert from 'node:assert/strict';
import { parseArguments, type Flags } from '../../src/cli/parse-arguments.ts';

const FLAGS: Flags = {
  output: { kind: 'text', short: 'o', value: 'FILE', doc: '' },
  timeout: { kind: 'text', value: 'SECONDS', doc: '' },
  set: { kind: 'text', repeats: true, value: 'KEY=VALUE', doc: '' },
  wait: { kind: 'switch', short: 'w', doc: '' },
  json: { kind: 'switch', doc: '' },
};

describe('parseArguments()', () => {
  const wrong: readonly (readonly [argv: readonly string[], message: string])[] = [
    [['--outptu', 'x'], 'Cannot use --outptu: there is no such flag, the nearest flag is --output'],
    [['--tiemout=3'], 'Cannot use --tiemout: there is no such flag, the nearest flag is --timeout'],
    [['-x'], 'Cannot use -x: there is no such flag, see --help'],
    [['--zzzzzzzzz'], 'Cannot use --zzzzzzzzz: there is no such flag, see --help'],
    [['--__proto__'], 'Cannot use --__proto__: there is no such flag, see --help'],
    [['--constructor'], 'Cannot use --constructor: there is no such flag, see --help'],
    [['--output'], 'Cannot use --output: it has no value, it takes FILE'],
    [['-o'], 'Cannot use -o: it has no value, it takes FILE'],
    [['--output='], 'Cannot use --output: it has no value, it takes FILE'],
    [['--output', ''], 'Cannot use --output: it has no value, it takes FILE'],
    [['--output', '--json'], 'Cannot use --output: it has no value, it takes FILE'],
    [['-o', '--json'], 'Cannot use -o: it has no value, it takes FILE'],
    [['--wait=yes'], 'Cannot use --wait=yes: it takes no value'],
    [['-o', 'a', '-o', 'b'], 'Cannot use -o: it is given 2 times, once is allowed'],
    [['-o', 'a', '--output', 'b'], 'Cannot use -o: it is given 2 times, once is allowed'],
  ];
  for (const [argv, message] of wrong) {
    it(`refuses ${JSON.stringify(argv)}`, () => {
      assert.deepEqual(parseArguments(argv, FLAGS), { kind: 'wrong', message });
    });
  }

  const right: readonly {
    argv: readonly string[];
    texts?: Readonly<Record<string, readonly string[]>>;
    set?: readonly string[];
    operands?: readonly string[];
  }[] = [
    { argv: [] },
    { argv: ['-o', 'a.jpg'], texts: { output: ['a.jpg'] }, set: ['output'] },
    { argv: ['--output=a=b.jpg'], texts: { output: ['a=b.jpg'] }, set: ['output'] },
    { argv: ['--output=--json'], texts: { output: ['--json'] }, set: ['output'] },
    { argv: ['-o', '-'], texts: { output: ['-'] }, set: ['output'] },
    { argv: ['--timeout', '-5'], texts: { timeout: ['-5'] }, set: ['timeout'] },
    { argv: ['--set', 'a=1', '--set', 'b=2'], texts: { set: ['a=1', 'b=2'] }, set: ['set'] },
    { argv: ['--wait', '--wait', '-w'], set: ['wait'] },
    { argv: ['ID', '--wait', 'second'], set: ['wait'], operands: ['ID', 'second'] },
    { argv: ['--', '--wait'], operands: ['--wait'] },
  ];
  for (const { argv, texts = {}, set = [], operands = [] } of right) {
    it(`reads ${JSON.stringify(argv)}`, () => {
      const parsed = parseArguments(argv, FLAGS);
      assert.equal(parsed.kind, 'parsed', JSON.stringify(parsed));
      for (const name of Object.keys(FLAGS)) {
        assert.deepEqual(parsed.args.texts(name), texts[name] ?? [], name);
        assert.equal(parsed.args.text(name), texts[name]?.at(-1), name);
        assert.equal(parsed.args.isSet(name), set.includes(name), name);
      }
      assert.deepEqual(parsed.args.operands, operands);
    });
  }
});
