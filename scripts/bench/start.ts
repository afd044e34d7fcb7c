// How long the daemon takes from its start to `daemon.ready`, beside a Node that does nothing.
import { runChild } from '../../test/helpers/child.ts';
import { freePort } from '../../test/helpers/free-port.ts';
import { Scope } from '../../test/helpers/scope.ts';
import { eventOf, startDaemon } from './daemon.ts';
import { row, timed, type Bench, type Row } from './rows.ts';

const SAMPLES = 5;

export async function measureStart({ scope, say }: Bench): Promise<readonly Row[]> {
  say('start');
  const bare: number[] = [];
  const ready: number[] = [];
  for (let at = 0; at < SAMPLES; at += 1) {
    // Each one ends before the next begins: they would measure each other.
    const alone = new Scope();
    scope.defer(() => alone.end());
    // Nobody listens there; a daemon is ready without its broker.
    const settings = { 'camera.driver': 'test', 'mqtt.url': `mqtt://127.0.0.1:${await freePort()}` };
    bare.push(await timed(() => runChild(alone, { file: process.execPath, args: ['--eval', '0'] })));
    ready.push(await timed(async () => eventOf(await startDaemon(alone, settings), 'daemon.ready')));
    await alone.end();
  }
  return [row('bare node, start to end', 'ms', bare), row('start to daemon.ready', 'ms', ready)];
}
