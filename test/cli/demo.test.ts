// `shutterd demo` as a process: the whole flow with nothing installed.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { readJpegStructure } from '../../src/support/jpeg-structure.ts';
import { createHome, processesIn, runShutterd, startShutterd, type Home } from '../helpers/daemon.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { Scope } from '../helpers/scope.ts';
import { json, REQUEST, RESPONSE, TRIGGER } from '../system/settings.ts';

describe('shutterd demo', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const demoHome = (): Promise<Home> => createHome(scope, {});
  const PICTURES = ['--set', 'camera.driver=test'];

  const assertJpeg = async (path: string | undefined): Promise<void> => {
    assert.ok(path !== undefined);
    const structure = readJpegStructure(await readFile(path));
    assert.equal(structure.kind, 'complete', path);
  };

  it('--once ends with 0 after the first classification and leaves the picture', async () => {
    const home = await demoHome();
    const { code, out, err } = await runShutterd(scope, home, ['demo', '--once', ...PICTURES]);
    assert.deepEqual([code, err], [0, '']);
    for (const step of ['trigger', 'frame', 'image', 'stored', 'published', 'classification']) {
      assert.match(out, new RegExp(`^ {2}${step} `, 'm'));
    }
    await assertJpeg(/(\/\S+picture-001\.jpg)/.exec(out)?.[1]);
    assert.deepEqual(await processesIn(home), []);
  });

  it('--once --json gives nothing but events, one a line', async () => {
    const { code, out, err } = await runShutterd(scope, await demoHome(), [
      'demo',
      '--once',
      '--json',
      ...PICTURES,
    ]);
    assert.deepEqual([code, err], [0, '']);
    const events = out.split('\n').map((line) => json(Buffer.from(line)));
    const received = events.find(({ event }) => event === 'result.received');
    assert.equal(typeof received?.['label'], 'string');
    assert.equal(received?.['matchedBy'], 'requestId');
    assert.equal(events.filter(({ event }) => event === 'request.stored').length, 1);
  });

  it('--once ends with 1 when the camera fails', async () => {
    const args = [
      'demo',
      '--once',
      '--set',
      'camera.driver=node-webcam',
      '--set',
      'camera.device=/dev/video63',
    ];
    const { code, out } = await runShutterd(scope, await demoHome(), args);
    assert.equal(code, 1);
    assert.match(out, /^ {2}failed .*video63/m);
  });

  it('ends with 2 and the errors where the configuration is bad', async () => {
    const { code, err } = await runShutterd(scope, await demoHome(), [
      'demo',
      '--once',
      '--set',
      'mqtt.qos=7',
    ]);
    assert.equal(code, 2);
    assert.match(err, /mqtt\.qos/);
  });

  it('stays up, is triggered again from outside, and ends with 0 at SIGINT', async () => {
    const home = await demoHome();
    const child = startShutterd(scope, home, ['demo', ...PICTURES]);
    const again = await child.lines.nth(1, (line) => line.includes('mosquitto_pub '));
    const port = Number(/-p (\d+)/.exec(again)?.[1]);
    const peer = await subscribe(scope, port, { topics: [RESPONSE], protocol: 4 });
    await publish(scope, port, { topic: TRIGGER, protocol: 4 });
    assert.match(String(json((await peer.nth(RESPONSE)).payload)['label']), /\w/);
    await child.lines.nth(2, (line) => line.startsWith('  classification'));
    child.signal('SIGINT');
    assert.deepEqual(await child.ended, { code: 0, signal: null });
    assert.deepEqual(await processesIn(home), []);
  });

  it('survives requests that are none', async () => {
    const child = startShutterd(scope, await demoHome(), ['demo', ...PICTURES]);
    const again = await child.lines.nth(1, (line) => line.includes('mosquitto_pub '));
    const port = Number(/-p (\d+)/.exec(again)?.[1]);
    for (const payload of ['', 'no json', '{}', '[]', 'null', '{"image_data":1}', '{"image_data":"AAAA"}']) {
      await publish(scope, port, { topic: REQUEST, payload, protocol: 4 });
    }
    await publish(scope, port, { topic: TRIGGER, protocol: 4 });
    await child.lines.nth(2, (line) => line.startsWith('  classification'));
    child.signal('SIGINT');
    assert.deepEqual(await child.ended, { code: 0, signal: null });
  });
});
