// `shutterd demo`: the whole flow on one machine: broker, camera, daemon, stand-in classifier. It keeps only the pictures.
import { join } from 'node:path';
import { startApp } from '../app.ts';
import { findDevice, SYSTEM_DEVICES } from '../capture/find-device.ts';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { pathKind, makeTemporaryFolder, writeFile } from '../support/files.ts';
import { createJpegCodec } from '../support/jpeg.ts';
import type { Fields } from '../support/log.ts';
import { searchPath } from '../support/machine.ts';
import { EXIT, type Command, type Context } from './command.ts';
import { startDemoBroker, type DemoBroker } from './demo-broker.ts';
import { createStory, storyLine } from './demo-story.ts';
import { configurationOrProblems } from './load-configuration.ts';
import type { Arguments } from './parse-arguments.ts';
import { classifyByColour } from './stand-in-classifier.ts';
import { untilAborted } from './until-aborted.ts';

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
  const folder = await makeTemporaryFolder(context.machine.temporaryFolder);
  const broker = await startDemoBroker();
  try {
    const camera = await demoCamera();
    const loaded = await configurationOrProblems(args, context, [
      `mqtt.url=mqtt://127.0.0.1:${broker.port}`,
      'mqtt.protocol=4', // aedes speaks 3.1.1
      `outbox.directory=${join(folder.path, 'outbox')}`,
      ...camera.settings,
    ]);
    if (loaded === undefined) return EXIT.badConfiguration;
    const say = args.isSet('json') ? () => undefined : context.out;
    say(`shutterd ${context.version} demo, broker on 127.0.0.1:${broker.port}, ${camera.words}\n\n`);
    return await play(args, context, { loaded, broker, folder: folder.path, say });
  } finally {
    await broker.close();
  }
}

/** The webcam if there is one, else the generated picture; `--set camera.driver=...` comes later and wins. */
async function demoCamera(): Promise<{ settings: readonly string[]; words: string }> {
  const found = await findDevice('auto', SYSTEM_DEVICES);
  if (found.kind === 'found')
    return { settings: ['camera.driver=node-webcam'], words: `camera ${found.node}` };
  return {
    settings: ['camera.driver=test'],
    words: `no webcam found (${found.detail}): a generated test picture`,
  };
}

interface Stage {
  readonly loaded: Loaded;
  readonly broker: DemoBroker;
  /** Where the pictures go. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

async function play(args: Arguments, context: Context, stage: Stage): Promise<number> {
  const { config, hash } = stage.loaded;
  const { machine, clock, random, version, out } = context;
  const ending = new AbortController();
  let exit: number = EXIT.failure;
  const triggerTopic = config.topics.trigger.find((topic) => !/[+#]/.test(topic)) ?? '';
  const log = createStory({
    ...{ out, json: args.isSet('json') },
    onEvent: (event, fields) => {
      if (event === 'broker.connected') stage.broker.publish(triggerTopic, new Uint8Array());
      if (event === 'result.received') {
        exit = EXIT.ok;
        stage.say(resultLines(fields));
        stage.say(args.isSet('once') ? '' : againLines(stage.broker.port, triggerTopic, hasProgram));
      }
      const over = event === 'result.received' || event === 'capture.failed' || event === 'image.unfit';
      if (over && args.isSet('once')) ending.abort();
    },
  });
  const hasProgram = await isOnPath('mosquitto_pub', searchPath(machine));
  classifyRequests(config, stage);
  const started = await startApp({ config, configHash: hash, version, machine, clock, random, log });
  if (started.kind !== 'running') {
    context.err(
      `Cannot start the demo: ${started.kind === 'taken' ? 'its outbox is taken' : started.detail}\n`,
    );
    return EXIT.failure;
  }
  await untilAborted(AbortSignal.any([context.stop, ending.signal]));
  await started.app.stop();
  stage.say(`\nended; the pictures are in ${stage.folder}\n`);
  return context.stop.aborted ? EXIT.ok : exit;
}

/** The far side: looks at each request and answers on the response topic. */
function classifyRequests(config: Config, { broker, folder, say }: Stage): void {
  const codec = createJpegCodec();
  let count = 0;
  broker.listen(config.topics.request, (payload) => {
    count += 1;
    const path = join(folder, `picture-${String(count).padStart(3, '0')}.jpg`);
    void answer(payload, path);
  });

  async function answer(payload: Uint8Array, path: string): Promise<void> {
    const request = JSON.parse(Buffer.from(payload).toString('utf8')) as {
      image_data: string;
      request_id?: string;
    };
    const jpeg = Buffer.from(request.image_data, 'base64');
    await writeFile(path, jpeg);
    say(storyLine('picture', path));
    const classification = await classifyByColour(jpeg, codec);
    const said = classification ?? { error: 'not a picture' };
    broker.publish(
      config.topics.response,
      Buffer.from(JSON.stringify({ ...said, request_id: request.request_id })),
    );
  }
}

function resultLines(fields: Fields): string {
  const percent = Math.round(Number(fields['confidence']) * 100);
  const found = `${String(fields['label'])}, ${percent} % sure, ${String(fields['latencyMs'])} ms after it was sent`;
  return (
    storyLine('classification', found) +
    storyLine('', '(a stand-in: it knows colours and brightness, nothing else)')
  );
}

function againLines(port: number, topic: string, hasProgram: boolean): string {
  const install = hasProgram ? '' : '  (first: sudo apt-get install mosquitto-clients)\n';
  return `\n  Again, from another terminal:\n${install}  mosquitto_pub -h 127.0.0.1 -p ${port} -t ${topic} -n -q 1\n  Ctrl-C ends the demo.\n\n`;
}

async function isOnPath(program: string, path: string): Promise<boolean> {
  const kinds = await Promise.all(path.split(':').map((folder) => pathKind(join(folder, program))));
  return kinds.includes('file');
}
