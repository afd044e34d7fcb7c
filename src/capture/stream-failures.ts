// Names why a stream ended, from what its program said; it decides nothing.
import type { CaptureFailure } from '../domain.ts';
import { unreachable } from '../support/errors.ts';
import { failed } from './driver.ts';
import type { StreamCommand } from './stream-command.ts';
import type { SessionEnd } from './stream-session.ts';

/** Nothing for a session that may be followed by a better one: who waits has a deadline of their own. */
export function sessionFailure(
  { node, command }: { readonly node: string; readonly command: Pick<StreamCommand, 'file'> },
  end: SessionEnd,
): CaptureFailure | undefined {
  switch (end.kind) {
    case 'stopped':
    case 'stalled':
      return undefined;
    case 'wedged':
      return streamWedged(node);
    case 'notRun':
      return streamToolNotRun(command.file, end.said);
    case 'ended':
      return streamFailure(node, end.said);
    default:
      return unreachable(end.kind);
  }
}

const INSTALL = {
  ffmpeg: 'sudo apt-get install ffmpeg',
  'rpicam-vid': 'sudo apt-get install rpicam-apps',
} as const;

export function streamToolMissing(program: keyof typeof INSTALL): CaptureFailure {
  return failed('tool', `Cannot stream: ${program} is not installed`, `Install it: ${INSTALL[program]}`);
}

/** The program is there by its name, but did not start. */
export function streamToolNotRun(program: keyof typeof INSTALL, said: string): CaptureFailure {
  return failed(
    'tool',
    `Cannot stream: ${program} does not run: ${lastLine(said)}`,
    `Install it: ${INSTALL[program]}`,
  );
}

/** The camera has no MJPEG: ffmpeg's words when the driver grants no pixel format of that codec, and only then. */
export function wantsOtherFormat(said: string): boolean {
  return said.includes('Cannot find a proper format for codec');
}

export function streamFailure(node: string, said: string): CaptureFailure {
  const words = lastLine(said);
  const detail = `Cannot stream from ${node}: ${words === '' ? 'the stream ended without a word' : words}`;
  if (/busy|failed to acquire camera|in use by another process/i.test(said))
    return failed('busy', detail, `End the other program that uses the camera${whoUses(node)}`);
  if (/permission denied|not permitted/i.test(said)) {
    return failed(
      'permission',
      detail,
      'Add the user to the group video (usermod -aG video USER), then start again',
    );
  }
  if (
    /no such (file|device)|not a (video )?capture device|inappropriate ioctl|no cameras available/i.test(said)
  ) {
    return failed('noDevice', detail, 'Check the USB cable and camera.device (shutterd cameras)');
  }
  return failed('badFrame', detail, 'Check the USB cable and the power supply');
}

/** A CSI camera has several nodes, none of them for people. */
function whoUses(node: string): string {
  return node === 'csi' ? '' : ` (fuser -v ${node} names it)`;
}

/** `seconds`: how long the capture waited. */
export function streamTimeout(seconds: number): CaptureFailure {
  return failed(
    'timeout',
    `Cannot capture from the camera: no fresh frame within ${seconds.toFixed(1)} s`,
    'Check the USB cable and the power supply, or raise camera.timeoutSeconds',
  );
}

export function streamWedged(node: string): CaptureFailure {
  return failed(
    'wedged',
    `Cannot stream from ${node}: the program of the last stream cannot be killed, it hangs inside the kernel`,
    'Unplug the camera and plug it in again',
  );
}

function lastLine(said: string): string {
  return said.trim().split('\n').at(-1) ?? '';
}
