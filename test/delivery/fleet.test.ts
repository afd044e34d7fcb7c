// A fleet after the restart of its broker, simulated: our delays spread it, the usual ones keep it together.
import assert from 'node:assert/strict';
import { DOUBLING, FIXED, OURS, simulateRestart } from '../../scripts/bench/fleet-simulation.ts';
import { createRandom } from '../../src/support/random.ts';

const CLIENTS = process.env['SHUTTERD_TEST_LONG'] === '1' ? 1000 : 300;
const SCENE = { clients: CLIENTS, downSeconds: 10, acceptedPerSecond: CLIENTS / 10 };

describe('a fleet whose broker restarts', () => {
  it('comes back in waves of everybody at a fixed second and at plain doubling, and spread with our delays', async () => {
    const ours = await simulateRestart({ ...SCENE, policy: OURS }, createRandom());
    const fixed = await simulateRestart({ ...SCENE, policy: FIXED }, createRandom());
    const doubling = await simulateRestart({ ...SCENE, policy: DOUBLING }, createRandom());
    assert.equal(fixed.peakPerSecond, CLIENTS);
    assert.equal(doubling.peakPerSecond, CLIENTS);
    assert.ok(ours.peakPerSecond < CLIENTS * 0.75, `${ours.peakPerSecond} connects in one second`);
    assert.ok(ours.attempts < fixed.attempts, `${ours.attempts} and ${fixed.attempts} attempts`);
    assert.ok(ours.allBackSeconds < 120, `all are back after ${ours.allBackSeconds} s`);
  });
});
