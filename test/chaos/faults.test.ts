// Every fault of broker, network and scheduler on a real daemon: it says what is wrong, recovers, and has lost nothing.
import assert from 'node:assert/strict';
import { Scope } from '../helpers/scope.ts';
import type { Verdict } from '../oracle/conservation.ts';
import { BROKER_FAULTS } from './broker-faults.ts';
import type { Fault } from './fault.ts';
import { OUTSIDE_FAULTS } from './outside-faults.ts';
import { sideBySide } from './side-by-side.ts';
import { setStage } from './stage.ts';

const AT_ONCE = 4;
const LONG = process.env['SHUTTERD_TEST_LONG'] === '1';

describe('shutterd run survives', function () {
  this.timeout(60_000); // a trial may have to wait for those before it
  const scope = new Scope();
  // All of them run, also where only some were asked for: what a trial still starts has to end with the scope.
  after(async () => {
    await Promise.allSettled(outcomes);
    await scope.end();
  });

  // One MQTT version a fault in turn, both in the long run.
  const trials = [...BROKER_FAULTS, ...OUTSIDE_FAULTS].flatMap((fault, at) =>
    fault.protocols
      .filter((_, nth) => LONG || nth === at % fault.protocols.length)
      .map((protocol) => ({ fault, protocol })),
  );
  let outcomes: readonly Promise<Verdict>[] = [];
  before(() => {
    outcomes = sideBySide(
      AT_ONCE,
      trials.map(
        ({ fault, protocol }) =>
          () =>
            run(scope, fault, protocol),
      ),
    );
  });

  for (const [at, { fault, protocol }] of trials.entries()) {
    it(`${fault.says}, protocol ${protocol}`, async () => {
      const verdict = await outcomes[at];
      assert.ok(verdict !== undefined);
      assert.deepEqual(verdict.violations, []);
      const { kept, lost, quarantined, acknowledged, accepted } = verdict;
      assert.deepEqual(
        { kept, lost, quarantined },
        { kept: 0, lost: 0, quarantined: fault.quarantined ?? 0 },
      );
      assert.equal(acknowledged, accepted - quarantined);
    });
  }
});

async function run(scope: Scope, fault: Fault, protocol: 4 | 5): Promise<Verdict> {
  const options = (await fault.options?.(scope)) ?? {};
  const settings = { ...options.settings, 'mqtt.protocol': protocol };
  const stage = await setStage(scope, { ...options, settings });
  const daemon = stage.begin();
  await daemon.waitFor('broker.connected');
  await stage.drained();
  const from = daemon.lines.all.length;
  await fault.make(stage, scope);
  await daemon.lines.nth(1, (line) => daemon.lines.all.indexOf(line) >= from && tells(line, fault.told));
  await fault.undo(stage);
  await stage.drained();
  const losses = daemon.of('broker.lost');
  if (fault.losses !== undefined) assert.equal(losses.length, fault.losses, JSON.stringify(losses));
  return stage.verdict();
}

function tells(line: Readonly<Record<string, unknown>>, told: Fault['told']): boolean {
  return Object.entries(told).every(([name, expected]) => {
    const value = line[name];
    return expected instanceof RegExp ? expected.test(String(value)) : value === expected;
  });
}
