// The fake nucleus as a program, to be killed: its socket is its first argument, its journal the second, its control socket
// the third. What is published goes to standard output, a line each; a line on the control socket is one order.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { openJournal } from '../../oracle/journal.ts';
import type { NucleusModes } from './modes.ts';
import { FakeNucleus } from './nucleus.ts';

export type Order =
  | { readonly do: 'set'; readonly modes: Partial<NucleusModes> }
  | { readonly do: 'deliver'; readonly topic: string; readonly payload: string; readonly retain: boolean }
  | { readonly do: 'endSubscriptions' }
  | { readonly do: 'cut' };

const [socket = '', journal = '', control = '', authToken = '', modes = '{}'] = process.argv.slice(2);
const nucleus = new FakeNucleus({
  ...{ authToken, requestTopic: 'device/image/request', journal: openJournal(journal) },
  onPublished: ({ payload, ...published }) => {
    process.stdout.write(`${JSON.stringify({ ...published, payload: payload.toString('base64') })}\n`);
  },
});
nucleus.setModes(JSON.parse(modes) as Partial<NucleusModes>);
const orders = createServer((connection) => {
  connection.on('error', () => undefined);
  createInterface({ input: connection }).on('line', (line) => {
    connection.end(`${JSON.stringify(obey(JSON.parse(line) as Order) ?? null)}\n`);
  });
}).listen(control);
await once(orders, 'listening');
await nucleus.listen(socket);
process.stdout.write(`${JSON.stringify({ listening: socket })}\n`);

function obey(order: Order): number | undefined {
  switch (order.do) {
    case 'set':
      nucleus.setModes(order.modes);
      return undefined;
    case 'deliver':
      return nucleus.deliver(order.topic, Buffer.from(order.payload, 'base64'), order.retain);
    case 'endSubscriptions':
      nucleus.endSubscriptions();
      return undefined;
    case 'cut':
      nucleus.cut();
      return undefined;
  }
}
