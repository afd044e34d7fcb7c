import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createCamera, type CameraSettings } from '../../src/capture/create-camera.ts';
import type { Camera } from '../../src/domain.ts';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, quarters } from '../support/jpeg-samples.ts';
import { BENCH_TIME, createBench, never, type Bench } from './capture-bench.ts';

const scope = new Scope();

const drivers: readonly { name: string; settings: (bench: Bench) => Promise<Partial<CameraSettings>> }[] = [
  { name: 'test', settings: () => Promise.resolve({ driver: 'test' }) },
  { name: 'node-webcam TEST', settings: () => Promise.resolve({ driver: 'node-webcam', device: 'TEST' }) },
  {
    name: 'file',
    settings: async ({ root }) => {
      const path = join(root, 'picture.jpg');
      writeFileSync(path, await jpegOf(quarters(320, 240)));
      return { driver: 'file', path };
    },
  },
  {
    name: 'url',
    settings: async () => {
      const picture = await jpegOf(quarters(320, 240));
      const server = createServer((_, response) => response.end(picture));
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      scope.defer(() => server.close());
      return { driver: 'url', url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/` };
    },
  },
];

for (const { name, settings } of drivers) {
  describe(`Camera with driver ${name}`, () => {
    let bench: Bench;
    let camera: Camera;

    beforeEach(async () => {
      bench = createBench();
      camera = createCamera({ ...bench.settings, ...(await settings(bench)) }, bench.dependencies);
    });

    afterEach(async () => {
      await camera.close();
      assert.deepEqual(bench.pictures(), [], 'it leaves no picture behind');
      bench.remove();
      await scope.end();
    });

    it('fails without starting when it is called off before', async () => {
      const outcome = await camera.capture(AbortSignal.abort());
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'timeout');
    });

    it('refuses a second capture while one is under way, and ends the first', async () => {
      const first = camera.capture(never);
      const second = await camera.capture(never);
      assert.ok(second.kind === 'failed' && second.cause === 'busy');
      assert.equal((await first).kind, 'captured');
    });

    it('gives one whole JPEG of the requested size with the time of its exposure', async () => {
      const outcome = await camera.capture(never);
      assert.equal(outcome.kind, 'captured');
      const { jpeg, widthPx, heightPx, capturedAt } = outcome.frame;
      assert.deepEqual([widthPx, heightPx, outcome.frame.suspect], [320, 240, undefined]);
      const structure = readJpegStructure(jpeg);
      assert.ok(
        structure.kind === 'complete' && structure.widthPx === 320 && structure.endOffset === jpeg.length,
      );
      assert.equal(capturedAt, BENCH_TIME);
    });

    it('captures again and again', async () => {
      for (let turn = 0; turn < 3; turn += 1) assert.equal((await camera.capture(never)).kind, 'captured');
    });

    it('is closed twice without harm, and captures nothing afterwards', async () => {
      await camera.close();
      await camera.close();
      assert.equal((await camera.capture(never)).kind, 'failed');
    });

    it('ends a capture under way when it is closed', async () => {
      const capture = camera.capture(never);
      await camera.close();
      assert.equal((await capture).kind, 'failed');
    });
  });
}
