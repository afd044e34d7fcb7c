// The command line as a whole: what is wrong usage, what is help, and which exit code each way out has.
import assert from 'node:assert/strict';
import type { Command, Context } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { OperatingError } from '../../src/support/errors.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { createFixedRandom } from '../helpers/fixed-random.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(argv: readonly string[], commands = COMMANDS): Promise<Ran> {
  let [out, err] = ['', ''];
  const context: Context = {
    machine: {
      hostName: 'pi',
      userId: 1000,
      env: {},
      nodePath: '',
      kill: () => undefined,
      temporaryFolder: '/tmp',
    },
    ...{ clock: createFakeClock(), random: createFixedRandom(), version: '1.2.3', outIsTerminal: false },
    ...{ out: (text) => (out += Buffer.from(text).toString()), err: (text) => (err += text) },
    ...{ stop: new AbortController().signal, onHangUp: () => undefined, onUserSignal: () => undefined },
  };
  const code = await runCli(argv, commands, context);
  return { code, out, err };
}

function command(name: string, changes: Partial<Command> = {}): Command {
  const empty = { summary: 'it', usage: '', flags: {}, operands: [], exits: {}, examples: [] };
  return { name, ...empty, run: async () => 0, ...changes };
}

describe('runCli()', () => {
  const wrong: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [
      ['tirgger'],
      /^Cannot run tirgger: there is no such command, the nearest command is trigger\nSee shutterd --help\n$/,
    ],
    [['captur'], /the nearest command is capture/],
    [['xyzzyxyzzy'], /there is no such command, allowed is run, /],
    [['config'], /^Cannot run config: allowed is config check, config show/],
    [['config', 'chekc'], /^Cannot run config chekc: allowed is config check, config show/],
    [['run', 'now'], /^Cannot run run: it is given 1 arguments, allowed is none\nSee shutterd run --help\n$/],
    [
      ['trigger', '--wiat'],
      /^Cannot use --wiat: there is no such flag, the nearest flag is --wait\nSee shutterd trigger --help\n$/,
    ],
    [['capture'], /^Cannot capture: no file is named, -o FILE is needed\n/],
    [['trigger', '--timeout', 'soon'], /^Cannot wait soon seconds: allowed is above 0/],
    [['trigger', '--timeout', '-1'], /^Cannot wait -1 seconds: allowed is above 0/],
  ];
  for (const [argv, message] of wrong) {
    it(`ends ${JSON.stringify(argv)} with 2 and says what is right`, async () => {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, message);
    });
  }

  it('shows the help with 2 where no command is named, with 0 where help was asked for', async () => {
    const bare = await run([]);
    const asked = await run(['--help']);
    assert.deepEqual([bare.code, asked.code, (await run(['-h'])).code], [2, 0, 0]);
    assert.equal(bare.out, asked.out);
    for (const { name, summary } of COMMANDS)
      assert.ok(asked.out.includes(`${name} `) && asked.out.includes(summary));
  });

  it('shows the version', async () => {
    assert.deepEqual(await run(['--version']), { code: 0, out: '1.2.3\n', err: '' });
  });

  for (const { name, flags, exits, examples } of COMMANDS) {
    it(`shows the help of ${name}, with all its flags, exit codes and examples`, async () => {
      const { code, out, err } = await run([...name.split(' '), '--help']);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, new RegExp(`^shutterd ${name}: .*\\n\\nUsage: shutterd ${name}`));
      for (const flag of [...Object.keys(flags), 'config', 'set', 'json'])
        assert.ok(out.includes(`--${flag}`), flag);
      for (const exit of ['0', '1', '2', ...Object.keys(exits)])
        assert.match(out, new RegExp(`^ {2}${exit} {2}`, 'm'));
      for (const example of examples) assert.ok(out.includes(example), example);
    });
  }

  it('takes global flags before the command and after it', async () => {
    const seen: unknown[] = [];
    const outbox = command('outbox list', {
      run: async (args) => {
        seen.push(args.texts('config'), args.isSet('json'));
        return 0;
      },
    });
    await run(['--config', 'a', 'outbox', '--json', 'list', '--config=b'], [outbox]);
    assert.deepEqual(seen, [['a', 'b'], true]);
  });

  it('gives the exit code of the command', async () => {
    assert.equal((await run(['x'], [command('x', { run: async () => 6 })])).code, 6);
  });

  it('ends an operating failure with 1 and its message', async () => {
    const failing = command('x', {
      run: async () => {
        throw new OperatingError('Cannot write a: EACCES, b is needed', { code: 'EACCES' });
      },
    });
    assert.deepEqual(await run(['x'], [failing]), {
      code: 1,
      out: '',
      err: 'Cannot write a: EACCES, b is needed\n',
    });
  });

  it('does not hide a bug', async () => {
    const broken = command('x', {
      run: async () => {
        throw new TypeError('a bug');
      },
    });
    await assert.rejects(run(['x'], [broken]), TypeError);
  });
});
