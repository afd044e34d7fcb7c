// The wall clock of a running daemon jumps by years, online and offline: nothing stalls, storms or is lost.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Scope } from '../helpers/scope.ts';
import { storeSome } from '../system/settings.ts';
import { setStage } from './stage.ts';

const PRELOAD = fileURLToPath(new URL('jumping-date.js', import.meta.url));
const YEAR_MS = 365 * 86_400_000;

describe('shutterd run, when the wall clock jumps', function () {
  this.timeout(20_000);
  const scope = new Scope();
  afterEach(() => scope.end());

  for (const [says, jumpsMs] of [
    ['a year on and two years back', [YEAR_MS, -2 * YEAR_MS]],
    ['back to 1970 and on to the present', [-55 * YEAR_MS, 55 * YEAR_MS]],
  ] as const) {
    it(`${says}, goes on sending, reconnects at its usual pace, and drops nothing`, async () => {
      const stage = await setStage(scope, {
        url: ({ oracle }) => oracle.url,
        settings: { 'mqtt.keepaliveSeconds': 1 },
        env: { NODE_OPTIONS: `--import=${PRELOAD}`, SHUTTERD_TEST_JUMPS_MS: jumpsMs.join(',') },
      });
      const daemon = stage.begin();
      await daemon.waitFor('broker.connected');
      await stage.drained();
      daemon.signal('SIGUSR2');
      await stage.drained();
      assert.deepEqual(daemon.of('broker.lost'), []);
      await stage.oracle.kill();
      await daemon.waitFor('broker.retry');
      daemon.signal('SIGUSR2');
      await storeSome(daemon, 2);
      await stage.oracle.start();
      await stage.drained();
      const years = daemon.of('request.stored').map(({ time }) => String(time).slice(0, 4));
      assert.ok(new Set(years).size > 1, `the clock did not jump: ${years.join(', ')}`);
      // One connection before the kill of the broker and one after it.
      assert.equal(stage.oracle.connects().length, 2);
      const { violations, kept, acknowledged, accepted } = await stage.verdict();
      assert.deepEqual(
        { violations, kept, acknowledged },
        { violations: [], kept: 0, acknowledged: accepted },
      );
    });
  }
});
