// A broker that refuses by its rules, two neighbours or everybody, and a real daemon: who waits, who goes, who is given up.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { setStage, type Stage } from '../chaos/stage.ts';
import type { Line } from '../helpers/daemon.ts';
import { Scope } from '../helpers/scope.ts';
import type { Modes } from '../oracle/modes.ts';
import type { Settings } from './settings.ts';

const FAST = fileURLToPath(new URL('fast-clock-hook.js', import.meta.url));
const isLong = process.env['SHUTTERD_TEST_LONG'] === '1';
/** In the daemon's time, a tenth of ours: what is meant to be long stays so. */
const PATIENT = {
  ...{ 'mqtt.connectTimeoutSeconds': 100, 'mqtt.ackTimeoutSeconds': 100, 'mqtt.keepaliveSeconds': 600 },
  ...{ 'camera.timeoutSeconds': 120, 'trigger.everySeconds': 4, 'mqtt.protocol': 5 },
};

describe('shutterd run at a broker with rules of its own', function () {
  this.timeout(60_000);
  const scope = new Scope();
  afterEach(() => scope.end());

  const begin = (modes: Partial<Modes>, settings: Settings = {}): Promise<Stage> =>
    setStage(scope, {
      ...{ modes, settings: { ...PATIENT, ...settings }, env: { NODE_OPTIONS: `--import=${FAST}` } },
      url: ({ oracle }) => oracle.url,
    });

  it('holds the requests where an AWS policy lacks their topic: gives up one, stays online, and says once what it lacks', async () => {
    const awsAllowed = ['device/pi-test/#', 'device/image/trigger', 'device/image/response'];
    const stage = await begin({ aws: true, awsAllowed }, { 'mqtt.broker': 'aws' });
    const daemon = stage.begin();
    const lacks = (line: Line): boolean =>
      String(line['remedy']).includes('iot:Publish on topic/device/image/request');
    const { level } = await daemon.lines.nth(1, lacks);
    assert.equal(level, 'warn');
    await daemon.waitFor('request.stored', daemon.of('request.stored').length + 5);
    assert.equal(daemon.lines.all.filter(lacks).length, 1, 'a lasting state is said once');
    assert.equal(daemon.of('request.quarantined').length, 1);
    assert.equal(daemon.of('broker.lost').length, 4, 'three closes upon the first, one upon the second');
    // Mended; a restart need not wait for the ten minutes, and tries everything again.
    await stage.oracle.set({ aws: true });
    const waiting = daemon.of('request.stored').length - 1;
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    await stage.begin().waitFor('request.acknowledged', waiting);
    const { violations, lost, quarantined } = await stage.verdict();
    assert.deepEqual({ violations, lost, quarantined }, { violations: [], lost: 0, quarantined: 1 });
  });

  for (const reasonCode of isLong ? [131, 135] : [135]) {
    it(`gives up the two neighbours alone that it refuses with ${reasonCode}, and delivers those behind them meanwhile`, async () => {
      const stage = await begin({ pubackReasonCode: reasonCode });
      const daemon = stage.begin();
      await daemon.waitFor('request.stored', 2);
      const bad = daemon.of('request.stored').slice(0, 2);
      const ids = bad.map((line) => String(line['requestId']));
      await stage.oracle.set({ pubackReasonCode: reasonCode, pubackReasonCodeFor: ids });
      await daemon.waitFor('request.acknowledged', 3);
      assert.deepEqual(daemon.of('request.quarantined'), [], 'others had not been taken yet');
      for (const n of [1, 2, 3, 4]) await daemon.waitFor('request.acknowledged', 3 + 2 * n);
      await daemon.waitFor('request.quarantined', 2);
      const given = daemon.of('request.quarantined');
      assert.deepEqual(given.map((line) => line['requestId']).toSorted(), ids.toSorted());
      for (const { reason } of given)
        assert.match(String(reason), new RegExp(`took others in between: reason code ${reasonCode}`));
      const { violations, lost, quarantined, acknowledged, kept, accepted } = await stage.verdict();
      assert.deepEqual({ violations, lost, quarantined }, { violations: [], lost: 0, quarantined: 2 });
      assert.equal(acknowledged + kept + quarantined, accepted);
    });

    it(`keeps everything while it refuses everything with ${reasonCode}, and delivers all once it takes them`, async () => {
      const stage = await begin({ pubackReasonCode: reasonCode });
      const daemon = stage.begin();
      await daemon.waitFor('request.stored', 12);
      assert.deepEqual([daemon.of('request.quarantined'), daemon.of('request.acknowledged')], [[], []]);
      const [line, ...more] = daemon.of('broker.refused');
      assert.match(String(line?.['remedy']), /access list.*iot:Publish on topic\/device\/image\/request/);
      assert.deepEqual(more, [], 'a lasting state is said once');
      await stage.oracle.set({});
      await daemon.waitFor('request.acknowledged', 12);
      const { violations, lost, quarantined } = await stage.verdict();
      assert.deepEqual({ violations, lost, quarantined }, { violations: [], lost: 0, quarantined: 0 });
    });
  }
});
