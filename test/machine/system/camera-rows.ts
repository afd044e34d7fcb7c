// Pictures of every camera driver under the unit's sandbox, and a camera that goes and comes back.
import { eventAndCause } from './fault-rows.ts';
import { FOLDER } from './install-rows.ts';
import { type Bench, expect, type Row } from './row.ts';
import type { Settings } from './service.ts';

export const cameraRows: readonly Row[] = [
  { name: 'camera drivers', run: drivers },
  {
    name: 'unplug and replug',
    needs: ['unplug', 'plug'],
    run: (bench) => unplugAndReplug(bench, 'node-webcam'),
  },
  {
    name: 'unplug under stream',
    needs: ['unplug', 'plug'],
    run: (bench) => unplugAndReplug(bench, 'stream'),
  },
];

// Where the service may read it; /var/tmp inside its sandbox is another one.
const PICTURE = '/etc/shutterd/system-test.jpg';
const PORT = 18_080;
// One failure is an event; so many in a row are a camera that is lost.
const FAILURES_TO_LOSE = 3;
const SERVER = 'shutterd-test-pictures';
const DRIVERS: Readonly<Record<string, Settings>> = {
  'node-webcam': {},
  stream: {},
  url: { 'camera.url': `http://127.0.0.1:${PORT}/picture.jpg` },
  file: { 'camera.path': PICTURE },
  test: {},
};

async function drivers({ host, service }: Bench): Promise<string> {
  await host.must(
    `mkdir -p ${FOLDER}/pictures; ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc=size=1280x720 -frames:v 1 ${FOLDER}/pictures/picture.jpg; install -m 644 ${FOLDER}/pictures/picture.jpg ${PICTURE}
systemd-run -q --unit=${SERVER} --collect /usr/bin/python3 -m http.server ${PORT} --bind 127.0.0.1 --directory ${FOLDER}/pictures`,
  );
  const seen: string[] = [];
  try {
    for (const [driver, settings] of Object.entries(DRIVERS)) {
      await service.configure({ 'camera.driver': driver, ...settings });
      seen.push(`${driver}: ${await service.picture()}`);
    }
  } finally {
    await host.run(`systemctl stop ${SERVER}; rm -f ${PICTURE}`);
    await service.configure();
  }
  return seen.join('; ');
}

/** A camera that is known again; with `auto` another one of the host would step in for it. */
export async function usbCamera(host: Bench['host']): Promise<string> {
  const { output } = await host.run('ls /dev/v4l/by-id/*-index0 2>/dev/null | head -n 1');
  expect(output.trim() !== '', 'no camera has a name below /dev/v4l/by-id, so that none is known again');
  return output.trim();
}

async function unplugAndReplug({ host, service, hand }: Bench, driver: string): Promise<string> {
  const device = await usbCamera(host);
  await service.configure({ 'camera.driver': driver, 'camera.device': device });
  await service.picture();
  const pid = await service.fact('MainPID');
  const from = await service.mark();
  await hand('unplug');
  let failed = '';
  for (let at = 0; at < FAILURES_TO_LOSE; at += 1) {
    const triggered = await service.mark();
    await service.trigger();
    failed = await service.line(triggered, '"event":"capture.failed"');
  }
  await service.line(from, '"event":"camera.lost"');
  const plugged = await service.mark();
  await hand('plug');
  await service.line(plugged, '"event":"camera.found"');
  const picture = await service.picture();
  expect((await service.fact('MainPID')) === pid, 'the daemon was started anew for it');
  return `${eventAndCause(failed)}, camera.lost, then camera.found; ${picture}`;
}
