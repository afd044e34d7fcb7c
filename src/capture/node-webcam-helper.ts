// Entry of the capture helper: a call a line in, one picture each through node-webcam and fswebcam, an answer a line out. It judges nothing.
import { setFlagsFromString } from 'node:v8';
import nodeWebcam from 'node-webcam';
import { createSystemClock } from '../support/clock.ts';
import { errorCode } from '../support/errors.ts';
import { clearLeftovers } from './leftover-process.ts';
import {
  CALL_CHARACTERS_MAX,
  FSWEBCAM_QUALITY,
  fswebcamCommand,
  HELPER_MARK_NAME,
  parseHelperRequest,
  SAID_CHARACTERS_MAX,
} from './node-webcam-call.ts';
import type { HelperAnswer, ParsedCall, WebcamCall } from './node-webcam-call.ts';
import { createLineSplitter } from './node-webcam-lines.ts';
import { wordsOf } from './node-webcam-words.ts';

main();

/** Standard input stays open as long as the daemon lives; its end ends us and fswebcam with us. */
function main(): void {
  // Its heap of 5 MB is collected whole each time: waiting for more garbage would cost 10 to 20 MB, and saves nothing.
  setFlagsFromString('--gc-global');
  process.stdin.setEncoding('utf8');
  process.stdin.on('end', () => {
    process.stdout.on('error', () => undefined); // nobody is left to read an answer
    void killStrays().finally(killOwnGroup);
  });
  process.stdin.on('data', createLineSplitter(CALL_CHARACTERS_MAX, onLine));
}

/** The daemon sends the next call only after our answer. */
function onLine(line: string | undefined): void {
  const request = parseHelperRequest(line ?? '');
  if (request === undefined) {
    process.stderr.write('Cannot read call: it has no id, one JSON object a line is needed\n', killOwnGroup);
    return;
  }
  void answer(request.parsed).then((said) => {
    process.stdout.write(`${JSON.stringify({ id: request.id, answer: said })}\n`);
  });
}

/** The daemon is gone and can clear nothing any more: what left our group still carries our mark. */
async function killStrays(): Promise<void> {
  const value = process.env[HELPER_MARK_NAME];
  if (value === undefined) return;
  await clearLeftovers({
    ...{ mark: `${HELPER_MARK_NAME}=${value}`, groupId: process.pid, except: [String(process.pid)] },
    ...{ clock: createSystemClock(), killStray: kill },
  });
}

/** The daemon starts us as the leader of a group of our own; started otherwise there is no such group (ESRCH). */
function killOwnGroup(): void {
  kill(-process.pid);
  process.exit(1);
}

/** Whoever is not there, or is not ours, is none that we started. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}

async function answer(parsed: ParsedCall): Promise<HelperAnswer> {
  return parsed.kind === 'refused' ? parsed : takePicture(parsed.call);
}

// Of the package this uses the process handling; its command line, its verdict and its defaults are replaced, because
// 0.8.2 quotes nothing, takes any old file for the picture and keeps every shot in memory.
function takePicture(call: WebcamCall): Promise<HelperAnswer> {
  const webcam = nodeWebcam.create({
    width: call.widthPx,
    height: call.heightPx,
    quality: FSWEBCAM_QUALITY,
    device: call.device,
    output: 'jpeg',
    saveShots: false,
    callbackReturn: 'location',
    verbose: false,
  });
  let said = '';
  const command = fswebcamCommand('fswebcam', call); // found through PATH
  webcam.generateSh = () => command;
  webcam.runCaptureValidations = (stderr) => {
    said = stderr;
    return null;
  };
  return new Promise((resolve) => {
    webcam.capture(call.outputPath, (error) => {
      resolve(answerOf(error === null ? said : wordsOf(error, command), errorCode(error)));
    });
  });
}

/** sh(1): 127 is a program that was not found, 126 one that cannot be run. */
function answerOf(said: string, code: string | undefined): HelperAnswer {
  if (code === '126' || code === '127') return { kind: 'toolMissing' };
  return { kind: 'ran', said: said.slice(-SAID_CHARACTERS_MAX) };
}
