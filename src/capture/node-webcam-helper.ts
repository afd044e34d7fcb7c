// Entry of the capture helper: one call in, one picture through node-webcam and fswebcam, one answer out. It judges nothing.
import { join } from 'node:path';
import nodeWebcam from 'node-webcam';
import { errorCode, errorMessage } from '../support/errors.ts';
import { pathKind } from '../support/files.ts';
import { FSWEBCAM_QUALITY, fswebcamCommand, parseJson, parseWebcamCall } from './node-webcam-call.ts';
import type { HelperAnswer, WebcamCall } from './node-webcam-call.ts';

const CALL_CHARACTERS_MAX = 4096;
const SAID_CHARACTERS_MAX = 2000; // the end of what fswebcam wrote: its last line names the fault
const PROGRAM = 'fswebcam';

main();

/** Standard input stays open as long as the daemon lives; its end ends us and fswebcam with us. */
function main(): void {
  let text = '';
  let answered = false;
  process.stdin.setEncoding('utf8');
  process.stdin.on('end', killOwnGroup);
  process.stdin.on('data', (chunk: string) => {
    if (answered) return;
    text += chunk;
    if (!text.includes('\n') && text.length <= CALL_CHARACTERS_MAX) return;
    answered = true;
    void answer(text).then((said) => {
      process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
    });
  });
}

/** The daemon starts us as the leader of a group of our own; started otherwise there is no such group (ESRCH). */
function killOwnGroup(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.exit(1);
  }
}

async function answer(line: string): Promise<HelperAnswer> {
  const parsed = parseWebcamCall(parseJson(line));
  if (parsed.kind === 'refused') return parsed;
  if (!(await isInstalled(PROGRAM, process.env['PATH'] ?? ''))) return { kind: 'toolMissing' };
  return takePicture(parsed.call);
}

async function isInstalled(program: string, searchPath: string): Promise<boolean> {
  for (const folder of searchPath.split(':')) {
    if (folder !== '' && (await pathKind(join(folder, program))) === 'file') return true;
  }
  return false;
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
  webcam.bin = PROGRAM;
  webcam.generateSh = () => fswebcamCommand(webcam.bin, call);
  webcam.runCaptureValidations = (stderr) => {
    said = stderr;
    return null;
  };
  return new Promise((resolve) => {
    webcam.capture(call.outputPath, (error) => {
      resolve(answerOf(error === null ? said : errorMessage(error), errorCode(error)));
    });
  });
}

/** sh(1): 127 is a program that was not found, 126 one that cannot be run. */
function answerOf(said: string, code: string | undefined): HelperAnswer {
  if (code === '126' || code === '127') return { kind: 'toolMissing' };
  return { kind: 'ran', said: said.slice(-SAID_CHARACTERS_MAX) };
}
