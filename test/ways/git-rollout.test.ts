// A change rolled out in steps by the page's own git commands: which devices take it, of many that pull one repository.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { Scope } from '../helpers/scope.ts';
import { pageLines, put, shWell } from './device.ts';

const IDS = Array.from({ length: 500 }, (_, at) => `camera-${String(at)}`);
const BEFORE = 100;
const AFTER = 200;

describe('a roll-out in steps by git', function () {
  this.timeout(60_000);
  const scope = new Scope();
  let operator = '';
  let device = '';
  beforeEach(async () => {
    const folder = await scope.folder();
    [operator, device] = [join(folder, 'operator'), join(folder, 'device')];
    await shWell(scope, 'git init -q --bare -b main origin && git clone -q origin operator 2>&1', {
      cwd: folder,
    });
    await put(operator, {
      'fleet.yaml': `rollout: { percent: 10, salt: spring }\ncamera: { widthPx: ${String(BEFORE)} }\n`,
      'groups/yard.yaml': '{}\n',
      'devices/camera-1.yaml': 'device: { groups: [yard] }\n',
    });
    await at('git checkout -qB main && git add -A && git commit -qm first && git push -q -u origin main');
    await shWell(scope, 'git clone -q origin device', { cwd: folder });
  });
  afterEach(() => scope.end());

  const editor = `sed -i -e /rollout/d -e s/${String(BEFORE)}/${String(AFTER)}/`;
  const at = (line: string): Promise<string> =>
    shWell(scope, line.replace('"$EDITOR"', '$EDITOR'), { cwd: operator, env: { EDITOR: editor } });
  /** Those that have the new width once all have pulled. */
  const taking = async (): Promise<ReadonlySet<string>> => {
    await shWell(scope, 'git pull -q --ff-only', { cwd: device });
    const widths = new Map<string, number>();
    for (const id of IDS) {
      const loaded = await loadConfig({
        ...{
          paths: [device],
          defaultPathMayBeAbsent: false,
          env: {},
          settings: [],
          hostName: 'x',
          device: id,
        },
      });
      assert.equal(loaded.kind, 'loaded');
      widths.set(id, loaded.config.camera.widthPx);
    }
    assert.deepEqual(
      [...new Set(widths.values())].filter((width) => width !== BEFORE && width !== AFTER),
      [],
    );
    return new Set(IDS.filter((id) => widths.get(id) === AFTER));
  };
  const raise = (line: string, from: number, to: number): string =>
    line
      .replace('percent: 5,', `percent: ${String(from)},`)
      .replaceAll(/(percent: |next for )25/g, `$1${String(to)}`);

  it('only adds devices from 10 % over 50 % to all, and loses none when next becomes current', async () => {
    const [copy = '', commit = '', more = '', current = ''] = pageLines(/With git, a change for 5 %/);
    assert.equal((await taking()).size, 0);
    await at(copy);
    await at(commit);
    const steps = [await taking()];
    for (const [from, to] of [
      [10, 50],
      [50, 100],
    ] as const) {
      await at(`${raise(more, from, to)} -q`);
      steps.push(await taking());
    }
    await at(current);
    steps.push(await taking());
    const shares = steps.map(({ size }) => (size / IDS.length) * 100);
    for (const [step, percent] of [10, 50, 100, 100].entries()) {
      assert.ok(
        Math.abs((shares[step] ?? 0) - percent) < 5,
        `step ${String(step)}: ${String(shares[step])} %`,
      );
      for (const id of steps[step - 1] ?? [])
        assert.ok(steps[step]?.has(id), `${id} fell out at ${String(percent)} %`);
    }
  });

  it('is called off for all of them by taking next away', async () => {
    const [copy = '', commit = '', , , none = ''] = pageLines(/With git, a change for 5 %/);
    await at(copy);
    await at(commit);
    assert.notEqual((await taking()).size, 0);
    await at(none);
    assert.equal((await taking()).size, 0);
  });
});
