// `shutterd demo`: the whole flow on one machine: broker, camera, daemon, stand-in classifier. It keeps only the pictures.
import { join } from 'node:path';
import { startApp } from '../app.ts';
import { findDevice, systemDevices } from '../capture/find-device.ts';
import { createV4l2 } from '../capture/v4l2-ctl.ts';
import type { Loaded } from '../config/load.ts';
import { untilAborted } from '../support/abort.ts';
import type { Clock } from '../support/clock.ts';
import { hasProgram, makeTemporaryFolder } from '../support/files.ts';
import type { EventName, Fields } from '../support/log.ts';
import { searchPath } from '../support/machine.ts';
import { createRunProcess } from '../support/run-process.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { startDemoBroker, type DemoBroker } from './demo-broker.ts';
import { startDemoClassifier } from './demo-classifier.ts';
import { createStory, storyLine } from './demo-story.ts';
import { demoConfiguration } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';

export const demoCommand: Command = {
  name: 'demo',
  summary: 'the whole flow on this machine, with nothing installed; Ctrl-C ends it',
  usage: '[--once]',
  flags: { once: { kind: 'switch', doc: 'ends after the first classification' } },
  operands: [],
  exits: {},
  examples: ['shutterd demo', 'shutterd demo --once', 'shutterd demo --set camera.driver=test'],
  run: demo,
};

async function demo(args: Arguments, context: Context): Promise<number> {
  const pictures = await makeTemporaryFolder(context.machine.temporaryFolder); // stays, to be looked at
  const state = await makeTemporaryFolder(context.machine.temporaryFolder);
  const broker = await startDemoBroker();
  try {
    const camera = await demoCamera(context);
    // Nothing of this machine's own set-up: the demo is to work everywhere; --config and --set come later and win.
    const loaded = await demoConfiguration(args, context, [
      `mqtt.url=mqtt://127.0.0.1:${broker.port}`,
      'device.id=demo',
      'topics.trigger=device/image/trigger',
      'mqtt.protocol=4', // aedes speaks 3.1.1
      `outbox.directory=${join(state.path, 'outbox')}`,
      ...camera.settings,
    ]);
    if (loaded === undefined) return EXIT.badConfiguration;
    const say = args.isSet('json') ? () => undefined : context.out;
    say(`shutterd ${context.version} demo, broker on 127.0.0.1:${broker.port}, ${camera.words}\n\n`);
    return await play(args, context, { loaded, broker, folder: pictures.path, say });
  } finally {
    await broker.close();
    await state.remove();
  }
}

/** The webcam if there is one, else the generated picture; `--set camera.driver=...` comes later and wins. */
async function demoCamera({
  clock,
  machine,
}: Context): Promise<{ settings: readonly string[]; words: string }> {
  const generated = (why: string): { settings: readonly string[]; words: string } => ({
    settings: ['camera.driver=test'],
    words: `${why}: a generated test picture`,
  });
  const path = searchPath(machine);
  const runProcess = createRunProcess({ clock, kill: machine.kill });
  const v4l2 = createV4l2({ clock, runProcess, searchPath: path });
  const found = await findDevice('auto', systemDevices(v4l2));
  if (found.kind === 'failed') return generated(found.cause === 'noDevice' ? 'no webcam here' : found.detail);
  if (!(await hasProgram('fswebcam', path))) {
    return generated(`webcam ${found.node} needs fswebcam (sudo apt-get install fswebcam)`);
  }
  return { settings: ['camera.driver=node-webcam'], words: `camera ${found.node}` };
}

interface Stage {
  readonly loaded: Loaded;
  readonly broker: DemoBroker;
  /** Where the pictures go. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

/** With --once: whatever goes wrong without a word, the demo ends. */
function endLater(clock: Clock, ending: AbortController): void {
  const cancel = clock.timer(ONCE_MS_MAX, () => {
    ending.abort();
  });
  void untilAborted(ending.signal).then(cancel);
}

// Connecting, one capture with its retake at the default time limit, and the classification.
const ONCE_MS_MAX = 60_000;

/** With --once the demo is over at the first of these. */
const LAST_EVENTS: readonly EventName[] = Object.freeze([
  'trigger.ignored',
  'request.dropped',
  'request.quarantined',
  'result.received',
  'result.failed',
  'result.overdue',
  'capture.failed',
  'image.unfit',
]);

async function play(args: Arguments, context: Context, stage: Stage): Promise<number> {
  const { config, hash } = stage.loaded;
  const { machine, clock, random, version, out } = context;
  const ending = new AbortController();
  let exit: number = EXIT.failure;
  const [triggerTopic = ''] = config.topics.trigger;
  const log = createStory({
    ...{ out, json: args.isSet('json') },
    onEvent: (event, fields) => {
      if (event === 'broker.connected') stage.broker.publish(triggerTopic, new Uint8Array());
      if (event === 'result.received') {
        stage.say(resultLines(fields) + storyLine('picture', farSide.lastPath()));
        if (exit !== EXIT.ok)
          stage.say(
            againLines({
              ...stage.broker,
              topic: triggerTopic,
              hasPublisher: publisher,
              once: args.isSet('once'),
            }),
          );
        exit = EXIT.ok;
      }
      if (LAST_EVENTS.includes(event) && args.isSet('once')) ending.abort();
    },
  });
  const publisher = await hasProgram('mosquitto_pub', searchPath(machine));
  const farSide = startDemoClassifier({ ...stage, ...config.topics });
  const started = await startApp({
    ...{ config, version, machine, clock, random, log },
    configNow: () => ({ hash, state: 'applied' }),
  });
  if (started.kind !== 'running') {
    context.err(
      `Cannot start the demo: ${started.kind === 'taken' ? 'its outbox is taken' : started.detail}\n`,
    );
    return EXIT.failure;
  }
  if (args.isSet('once')) endLater(context.clock, ending);
  await Promise.race([untilAborted(context.stop), untilAborted(ending.signal)]);
  await started.app.stop();
  stage.say(`\nended; the pictures are in ${stage.folder}\n`);
  return context.stop.aborted ? EXIT.ok : exit;
}

function resultLines(fields: Fields): string {
  const percent = Math.round(Number(fields['confidence']) * 100);
  const found = `${String(fields['label'])}, ${percent} % sure, ${String(fields['latencyMs'])} ms after it was sent`;
  return (
    storyLine('classification', found) +
    storyLine('', '(a stand-in: it knows colours and brightness, nothing else)')
  );
}

function againLines(again: { port: number; topic: string; hasPublisher: boolean; once: boolean }): string {
  const { port, topic, hasPublisher, once } = again;
  return [
    '',
    once
      ? '  Without --once the demo stays up, on a new port each time, and is triggered again like this:'
      : '  To trigger it again, from another terminal:',
    ...(hasPublisher ? [] : ['    sudo apt-get install mosquitto-clients']),
    `    mosquitto_pub -h 127.0.0.1 -p ${port} -t ${topic} -n -q 1`,
    ...(once ? [] : ['  Ctrl-C ends the demo.']),
    '',
    '',
  ].join('\n');
}
