// What goes wrong on a host while the service runs, and that it heals: hangs, camera, clock, disk, logs.
import { sleep } from '../../../src/support/clock.ts';
import { type Bench, expect, type Row } from './row.ts';

export const faultRows: readonly Row[] = [
  { name: 'security', run: security },
  { name: 'rest', run: rest },
  { name: 'stop and start', run: stopAndStart },
  { name: 'watchdog: process stopped', run: processStopped },
  { name: 'watchdog: stage stuck', run: stageStuck },
  { name: 'clock jumps', run: clockJumps },
  { name: 'disk full', run: diskFull },
  { name: 'log rotation', run: logRotation },
];

const EXPOSURE_MAX = 1.5;
const REST_SECONDS = 60;
const MEGABYTES_MAX = 110;
const STOP_SECONDS_MAX = 10;
const DISK = '/var/tmp/shutterd-test.disk';
const OUTBOX = '/var/lib/shutterd/outbox';

async function security({ host }: Bench): Promise<string> {
  const said = await host.must('systemd-analyze security --no-pager shutterd.service | tail -n 1');
  const systemd = await host.must('systemctl --version | head -n 1');
  const exposure = Number(/: ([\d.]+) /.exec(said)?.[1]);
  expect(exposure <= EXPOSURE_MAX, `${said}, allowed is ${EXPOSURE_MAX} (${systemd})`);
  const sockets = await host.must(
    `ss -Hltnup | grep "pid=$(systemctl show -p MainPID --value shutterd)," | wc -l`,
  );
  expect(sockets === '0', `${sockets} sockets listen`);
  return `exposure ${exposure} (${systemd}), no socket listens`;
}

async function rest({ host, service, clock }: Bench): Promise<string> {
  await service.configure();
  // Programs that it ended count as well: a message to systemd is one.
  const look = `p=$(systemctl show -p MainPID --value shutterd); set -- $(cat /proc/$p/stat); awk '/^VmRSS/ {print $2}' /proc/$p/status; echo $(( \${14} + \${15} + \${16} + \${17} )); awk '/^write_bytes/ {print $2}' /proc/$p/io`;
  const looked = async (): Promise<readonly number[]> => (await host.must(look)).split('\n').map(Number);
  await sleep(clock, 10_000);
  const [, ticksBefore = NaN, bytesBefore = NaN] = await looked();
  await sleep(clock, REST_SECONDS * 1000);
  const [kibibytes = NaN, ticks = NaN, bytes = NaN] = await looked();
  const [megabytes, written] = [Math.round(kibibytes / 1024), bytes - bytesBefore];
  expect(megabytes <= MEGABYTES_MAX, `${megabytes} MB are resident, allowed are ${MEGABYTES_MAX}`);
  expect(written === 0, `${written} bytes were written in ${REST_SECONDS} s with nothing to do`);
  // No bound: what a percent is worth depends on the host, and an emulated one has few of them.
  const percent = (ticks - ticksBefore) / REST_SECONDS;
  return `resident ${megabytes} MB, processor ${percent.toFixed(2)} % of one core, written ${written} bytes in ${REST_SECONDS} s`;
}

async function stopAndStart({ host, service }: Bench): Promise<string> {
  const stopped = await host.must('TIMEFORMAT=%R; { time systemctl stop shutterd; } 2>&1');
  const [result, status] = [await service.fact('Result'), await service.fact('ExecMainStatus')];
  expect(result === 'success' && status === '0', `it ended with ${result}, ${status}`);
  expect(Number(stopped) <= STOP_SECONDS_MAX, `stopping took ${stopped} s`);
  const from = await service.mark();
  const begun = await host.must('TIMEFORMAT=%R; { time systemctl start shutterd; } 2>&1');
  await service.line(from, '"event":"daemon.ready"');
  return `stopped in ${stopped} s with exit 0, started until ready in ${begun} s; ${await service.fact('StatusText')}`;
}

async function processStopped({ host, service, clock }: Bench): Promise<string> {
  const limit = await service.fact('WatchdogUSec');
  const seconds = Number(/(\d+)min/.exec(limit)?.[1] ?? 0) * 60 + Number(/(\d+)s/.exec(limit)?.[1] ?? 0);
  expect(seconds > 0, `the unit has no watchdog: WatchdogUSec is ${limit}`);
  const pid = await service.fact('MainPID');
  const startMs = clock.monotonicMs();
  await host.must(`kill -STOP ${pid}`);
  await service.restarted(pid, seconds * 3 + 60);
  const took = Math.round((clock.monotonicMs() - startMs) / 1000);
  return `WatchdogSec ${seconds}, another process after ${took} s; ${await service.picture()}`;
}

/** A disk that neither answers nor fails: the flush of the outbox waits in the kernel. */
async function stageStuck({ host, service, clock }: Bench): Promise<string> {
  await mountOutbox({ host, service });
  try {
    const pid = await service.fact('MainPID');
    const from = await service.mark();
    const startMs = clock.monotonicMs();
    await host.must(`fsfreeze -f ${OUTBOX}`);
    await service.trigger();
    const stuck = await service.line(from, '"event":"daemon.stuck"', 300);
    expect(stuck.includes('"stage":"store"'), `it names another stage: ${stuck}`);
    const said = await service.line(from, 'Watchdog timeout', 300);
    const took = Math.round((clock.monotonicMs() - startMs) / 1000);
    await host.must(`fsfreeze -u ${OUTBOX}`);
    await service.restarted(pid, 240);
    return `daemon.stuck store, after ${took} s: ${said}; thawed: ${await service.picture()}`;
  } finally {
    await host.run(`fsfreeze -u ${OUTBOX}`);
    await unmountOutbox({ host });
  }
}

export function eventAndCause(line: string): string {
  const { event, cause } = JSON.parse(line) as { event?: string; cause?: string };
  return [event, cause].filter((it) => it !== undefined).join(' ');
}

async function clockJumps({ host, service }: Bench): Promise<string> {
  await service.configure();
  const pid = await service.fact('MainPID');
  const seen: string[] = [];
  const isSynchronised = (await host.run('timedatectl show -p NTP --value')).output.trim();
  await host.run('timedatectl set-ntp false');
  try {
    for (const jump of ['+2 hours', '-26 hours', '+400 days', '-400 days']) {
      await host.must(`date -s '${jump}' >/dev/null`);
      seen.push(`${jump}: ${await service.picture()}`);
    }
  } finally {
    await host.run(
      `date -s '+24 hours' >/dev/null; [ '${isSynchronised}' != yes ] || timedatectl set-ntp true`,
    );
  }
  expect((await service.fact('MainPID')) === pid, 'the daemon was started anew');
  return seen.join('; ');
}

/** No room, which is seen before anything is written, and room without inodes, where the write itself fails. */
async function diskFull({ host, service }: Bench): Promise<string> {
  await mountOutbox({ host, service });
  try {
    const full = await service.mark();
    await host.must(`! dd if=/dev/zero of=${OUTBOX}/filler bs=64k 2>/dev/null`);
    await service.trigger();
    const dropped = await service.line(full, '"event":"request.dropped"');
    expect(dropped.includes('"reason":"diskFull"'), `it was dropped for another reason: ${dropped}`);
    await host.must(`rm ${OUTBOX}/filler`);
    const between = await service.picture();
    const from = await service.mark();
    await host.must(
      `mkdir ${OUTBOX}/filler; i=0; while : 2>/dev/null >${OUTBOX}/filler/$((i++)); do :; done`,
    );
    await service.trigger();
    const failing = await service.line(from, '"event":"storage.failing"');
    expect(failing.includes('"code":"ENOSPC"'), `it fails for another reason: ${failing}`);
    await host.must(`rm -r ${OUTBOX}/filler`);
    await service.line(from, '"event":"storage.recovered"');
    return `no room: request.dropped diskFull, then ${between}; no inode: storage.failing ENOSPC, storage.recovered, then ${await service.picture()}`;
  } finally {
    await unmountOutbox({ host });
  }
}

async function logRotation({ host, service }: Bench): Promise<string> {
  await service.configure();
  const pid = await service.fact('MainPID');
  await service.picture();
  await host.must(
    'journalctl -q --rotate; journalctl -q --vacuum-time=1s; logrotate -f /etc/logrotate.conf 2>/dev/null || true',
  );
  const picture = await service.picture();
  await host.must('systemctl restart systemd-journald');
  const again = await service.picture();
  expect((await service.fact('MainPID')) === pid, 'the daemon was started anew');
  return `after rotate and vacuum: ${picture}; after a restart of journald: ${again}`;
}

/** A file system of its own, small and of the host's disk, in the place of the outbox. */
async function mountOutbox({ host, service }: Pick<Bench, 'host' | 'service'>): Promise<void> {
  await host.must(
    `systemctl stop shutterd; rm -f ${DISK}; truncate -s 24M ${DISK}; mkfs.ext4 -q -m 0 -N 256 ${DISK}; mount -o loop ${DISK} ${OUTBOX}; rmdir ${OUTBOX}/lost+found; chown --reference=/var/lib/shutterd ${OUTBOX}; chmod 700 ${OUTBOX}`,
  );
  await service.configure({ 'outbox.minFreeBytes': 0 });
}

async function unmountOutbox({ host }: Pick<Bench, 'host'>): Promise<void> {
  await host.must(`systemctl stop shutterd; umount ${OUTBOX}; rm -f ${DISK}; systemctl start shutterd`);
}
