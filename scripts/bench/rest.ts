// What the daemon costs while it does nothing, as its unit runs it: pinging its watchdog, with its default camera and telemetry.
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { startMosquitto } from '../../test/helpers/mosquitto.ts';
import { Scope } from '../../test/helpers/scope.ts';
import { eventOf, startDaemon } from './daemon.ts';
import { residentMegabytes } from './memory.ts';
import { startNotifySocket, type NotifySocket } from './notify-socket.ts';
import { row, timed, type Bench, type Row } from './rows.ts';

const STARTS = { quick: 1, full: 5 };
const REST_SECONDS = { quick: 20, full: 300 };
const SETTLE_SECONDS = 15;
// As in the unit.
const WATCHDOG_USEC = '60000000';
// Linux counts processor time for /proc in hundredths on all its usual architectures: sysconf(_SC_CLK_TCK).
const TICKS_A_SECOND = 100;

export async function measureRest({ scope, rounds, say }: Bench): Promise<readonly Row[]> {
  const seconds = REST_SECONDS[rounds];
  say(`rest, ${seconds} s with a broker and a watchdog, nothing to do`);
  const broker = await startMosquitto(scope);
  const start = async (into: Scope, socket: NotifySocket): ReturnType<typeof startDaemon> =>
    startDaemon(into, { 'mqtt.url': broker.url }, { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC });

  const ready: number[] = [];
  for (let at = 0; at < STARTS[rounds]; at += 1) {
    const alone = new Scope();
    scope.defer(() => alone.end());
    const socket = await startNotifySocket(alone);
    ready.push(
      await timed(async () => {
        await start(alone, socket);
        await socket.heard.nth(1, (line) => line.startsWith('READY=1'));
      }),
    );
    await alone.end();
  }

  const socket = await startNotifySocket(scope);
  const daemon = await start(scope, socket);
  await eventOf(daemon, 'broker.connected');
  await wait(SETTLE_SECONDS * 1000);
  const told = (): number => socket.heard.count((line) => line !== 'BARRIER=1');
  const [before, toldBefore] = [await costOf(daemon.pid), told()];
  await wait(seconds * 1000); // here the waiting is what is measured
  const after = await costOf(daemon.pid);
  return [
    row('start to READY=1 of systemd-notify', 'ms', ready),
    row(`rest: processor over ${seconds} s, ended children too`, '%', [
      ((after.ticks - before.ticks) / TICKS_A_SECOND / seconds) * 100,
    ]),
    row(`rest: messages to systemd in ${seconds} s`, 'messages', [told() - toldBefore]),
    row(`rest: written in ${seconds} s, ended children too`, 'bytes', [after.written - before.written]),
    row('rest: resident memory', 'MB', [await residentMegabytes(daemon.pid)]),
  ];
}

interface Cost {
  readonly ticks: number;
  /** To disks, by the kernel's account. */
  readonly written: number;
}

/** proc(5): utime, stime, and the same of children that have been waited for, are fields 14 to 17; `io` has those in it. */
async function costOf(pid: number): Promise<Cost> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  const io = await readFile(`/proc/${pid}/io`, 'utf8');
  return {
    ticks: fields.reduce((sum, field) => sum + Number(field), 0),
    written: Number(/^write_bytes: (\d+)$/m.exec(io)?.[1]),
  };
}
