import assert from 'node:assert/strict';
import { planControls } from '../../src/capture/controls-plan.ts';
import { parseControls } from '../../src/capture/v4l2-text.ts';
import { CONTROLS } from './v4l2-samples.ts';

const LISTED = parseControls(CONTROLS);

describe('planControls()', () => {
  const refused: readonly [Record<string, number>, RegExp][] = [
    [
      { brighness: 1 },
      /brighness: the camera has none of that name \(the nearest is brightness, -64 to 64\), it has/,
    ],
    [{ sharpness: 1 }, /none of that name, it has brightness, gain, .*link_frequency$/],
    [{ brightness: 65 }, /brightness: it is 65, -64 to 64 is allowed$/],
    [{ brightness: -65 }, /it is -65, -64 to 64 is allowed$/],
    [{ gain: 15 }, /gain: it is 15, 0 to 100 in steps of 10 is allowed$/],
    [{ white_balance_automatic: 2 }, /it is 2, 0 or 1 is allowed$/],
    [{ auto_exposure: 2 }, /it is 2, one of 1, 3 is allowed$/],
    [{ privacy: 1 }, /privacy: the camera lets nobody set it/],
    [{ zoom_reset: 1 }, /it is of type button, a number, switch or menu is allowed$/],
    [{ face_areas: 1 }, /of type bitmask/],
    [{ 'brightness=1,gain': 1 }, /none of that name/],
  ];
  for (const [wanted, expected] of refused) {
    it(`refuses ${JSON.stringify(wanted)} and says what is allowed`, () => {
      const { modes, numbers, problems } = planControls(wanted, LISTED);
      assert.deepEqual([modes, numbers, problems.length], [[], [], 1]);
      assert.match(problems[0] ?? '', expected);
      assert.match(problems[0] ?? '', /^Cannot set camera\.controls /);
    });
  }

  it('says so where the camera has no controls', () => {
    assert.match(planControls({ gain: 1 }, []).problems[0] ?? '', /the camera has no controls$/);
  });

  it('sets switches and menus before the numbers that depend on them, the good ones beside a bad one', () => {
    const wanted = { exposure_time_absolute: 200, auto_exposure: 1, gain: 30, nonsense: 1 };
    const { modes, numbers, problems } = planControls(wanted, LISTED);
    assert.deepEqual(modes, [{ name: 'auto_exposure', value: 1 }]);
    assert.deepEqual(numbers, [
      { name: 'exposure_time_absolute', value: 200 },
      { name: 'gain', value: 30 },
    ]);
    assert.equal(problems.length, 1);
  });

  it('leaves alone what has its value already', () => {
    const plan = planControls({ gain: 20, auto_exposure: 3, power_line_frequency: 2 }, LISTED);
    assert.deepEqual(plan, {
      modes: [{ name: 'power_line_frequency', value: 2 }],
      numbers: [],
      problems: [],
    });
  });

  it('takes the name as the kernel writes it', () => {
    const { numbers } = planControls(
      { 'White Balance, Temperature': 3000, 'Exposure Time (Absolute)': 5 },
      LISTED,
    );
    assert.deepEqual(
      numbers.map(({ name }) => name),
      ['white_balance_temperature', 'exposure_time_absolute'],
    );
  });
});
