// The oracle broker as a program: a small MQTT broker that never says PUBACK for a request that is not on its disk.
// It says its ports on standard output, takes `Modes` as JSON lines on a socket file, and lives until it is killed.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createSystemClock } from '../../src/support/clock.ts';
import { Broker } from './broker.ts';
import { openJournal } from './journal.ts';
import { parseModes } from './modes.ts';
import { listenPlain, listenTls } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'tls-port': { type: 'string', default: '0' },
    cert: { type: 'string' },
    key: { type: 'string' },
    journal: { type: 'string' },
    control: { type: 'string' },
    mode: { type: 'string', default: '{}' },
    'request-topic': { type: 'string', default: 'device/image/request' },
  },
});

if (values.journal === undefined) throw new Error('Cannot start the oracle: --journal is not given');
const broker = new Broker({
  journal: openJournal(values.journal),
  clock: createSystemClock(),
  requestTopic: values['request-topic'],
});
broker.modes = parseModes(JSON.parse(values.mode));
if (values.control !== undefined) await listenControl(values.control);
const port = await listenPlain(broker, Number(values.port));
const { cert: certFile, key: keyFile } = values;
const tlsPort =
  certFile === undefined || keyFile === undefined
    ? undefined
    : await listenTls(broker, Number(values['tls-port']), { certFile, keyFile });
process.stdout.write(`${JSON.stringify({ port, tlsPort })}\n`);

/** Each line replaces all modes and is answered when they hold. */
async function listenControl(path: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      broker.modes = parseModes(JSON.parse(line));
      socket.end(`${line}\n`);
    });
  }).listen(path);
  await once(server, 'listening');
}
