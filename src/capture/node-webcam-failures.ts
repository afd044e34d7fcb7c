// Turns what fswebcam and its helper say into causes and remedies; it is asked only where there is no picture.
import type { CaptureCause, CaptureFailure } from '../domain.ts';
import { failed } from './driver.ts';

/** The words are a hint only, for a person and for the cause: the C library's error texts, as LC_ALL=C gives them. */
export function causeOfNoPicture(device: string, said: string): CaptureFailure {
  const hint = HINTS.find(({ pattern }) => pattern.test(said));
  const words = lastWords(said);
  const detail = `Cannot capture from ${device}: fswebcam left no picture${words === '' ? '' : ` and said: ${words}`}`;
  return failed(hint?.cause ?? 'badFrame', detail, hint?.remedy(device) ?? BAD_FRAME_REMEDY);
}

/** fswebcam left something that is no picture file. */
export function causeOfOddFile(device: string, found: string): CaptureFailure {
  const detail = `Cannot capture from ${device}: fswebcam left ${found}, a file of a picture's size is needed`;
  return failed('badFrame', detail, BAD_FRAME_REMEDY);
}

export function toolMissing(): CaptureFailure {
  return failed(
    'tool',
    'Cannot capture: fswebcam is not installed',
    'Install it: sudo apt-get install fswebcam',
  );
}

export function helperFailure(detail: string): CaptureFailure {
  // Nothing is missing and nothing is broken: what a capture needs is in use, and comes back when others let go.
  if (EXHAUSTED.test(detail)) return failed('busy', detail, EXHAUSTED_REMEDY);
  return failed(
    'tool',
    detail,
    'Install shutterd again, and check its runtime directory and camera settings',
  );
}

export function wedgedCamera(): CaptureFailure {
  return failed(
    'wedged',
    'Cannot capture: an earlier fswebcam hangs inside the kernel and cannot be killed',
    'Unplug the camera and plug it in again; if that does not help, restart the machine',
  );
}

/** The last lines of an error output on one line, short enough for a log field. */
export function lastWords(said: string): string {
  // eslint-disable-next-line no-control-regex -- fswebcam colours its errors also where nobody sees them
  const plain = said.replace(/\u001b\[\d*m/g, '');
  const lines = plain.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .join('; ')
    .slice(-WORDS_CHARACTERS_MAX);
}

const WORDS_CHARACTERS_MAX = 300;
const BAD_FRAME_REMEDY =
  'Check the USB cable and the power supply, try a smaller camera.widthPx and camera.heightPx';

// errno(3): no descriptor, no process or no memory left, for us or on the whole machine.
const EXHAUSTED = /\b(?:EMFILE|ENFILE|EAGAIN|ENOMEM)\b/;
const EXHAUSTED_REMEDY =
  'End other programs, or restart the service; raise LimitNOFILE, TasksMax or MemoryMax where its unit sets them';

interface Hint {
  readonly pattern: RegExp;
  readonly cause: CaptureCause;
  readonly remedy: (device: string) => string;
}

const HINTS: readonly Hint[] = [
  {
    pattern: /Device or resource busy/i,
    cause: 'busy',
    remedy: (device) => `End the other program that uses the camera (fuser -v ${device} names it)`,
  },
  {
    pattern: /Permission denied|Operation not permitted/i,
    cause: 'permission',
    remedy: () => 'Add the user to the group video (usermod -aG video USER) and start the service again',
  },
  {
    pattern: /No such (?:file|device)/i,
    cause: 'noDevice',
    remedy: () => 'Plug the camera in, or set camera.device to one that shutterd cameras lists',
  },
  {
    pattern: /Timed out waiting for frame/i,
    cause: 'timeout',
    remedy: () => 'Unplug the camera and plug it in again; check its power supply',
  },
];
