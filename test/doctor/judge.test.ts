// What the doctor makes of facts that no test machine has all at once: power, unit, clock, Node, mounts, rights.
import assert from 'node:assert/strict';
import { judgeClock } from '../../src/doctor/clock.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { mountIn } from '../../src/doctor/mounts.ts';
import { nucleusAsService } from '../../src/doctor/nucleus.ts';
import { judgePower } from '../../src/doctor/power.ts';
import { judgeProgram } from '../../src/doctor/program.ts';
import { exposureOf, judgeUnit } from '../../src/doctor/service.ts';
import { parseStatus } from '../../src/doctor/told.ts';
import { parseUnit } from '../../src/doctor/unit-facts.ts';
import { allows } from '../../src/support/access-rights.ts';

/** As a person reads it. */
function said(findings: readonly Finding[]): string {
  return findings.map(({ verdict, what, remedy }) => `${verdict} ${what} -> ${remedy ?? ''}`).join('\n');
}

describe('judgeProgram()', () => {
  const rows: readonly (readonly [name: string, facts: [string, string, string], says: RegExp])[] = [
    ["bookworm's own Node", ['18.20.4', 'arm64', '2.36'], /^fail Node 18\.20\.4 .*install Node 20\.19/],
    ['a Node that is a little too old', ['20.18.3', 'arm64', '2.36'], /^fail/],
    ['a system without glibc', ['20.19.0', 'arm64', ''], /^fail .*no glibc.*use a system with glibc/],
    ['a 32-bit system', ['20.19.0', 'arm', '2.36'], /^warn .*32-bit.*64-bit Raspberry Pi OS/],
    ['another architecture', ['20.19.0', 'riscv64', '2.38'], /^warn/],
    ['a Pi as it should be', ['20.19.0', 'arm64', '2.36'], /^ok Node 20\.19\.0 on arm64, glibc 2\.36/],
    ['a newer Node', ['24.1.0', 'x64', '2.41'], /^ok/],
  ];
  for (const [name, facts, says] of rows) {
    it(`judges ${name}`, () => {
      assert.match(said(judgeProgram(facts)), says);
    });
  }
});

describe('judgePower()', () => {
  const pi = { model: 'Raspberry Pi 400 Rev 1.0', temperature: 51.2 };
  it('fails while the firmware sees under-voltage, and names the supply', () => {
    const text = said(judgePower({ ...pi, bits: 0x50005 }));
    assert.match(
      text,
      /^fail Raspberry Pi 400 Rev 1\.0, processor at 51\.2 °C: now under-voltage, throttling/,
    );
    assert.match(text, /-> use the official power supply/);
  });

  it('warns of what was so since the boot', () => {
    assert.match(
      said(judgePower({ ...pi, bits: 0x50000 })),
      /^warn .*well now, since the boot under-voltage, thr/,
    );
    assert.match(said(judgePower({ ...pi, bits: 0x80000 })), /^warn .*soft temperature limit -> let air/);
  });

  it('warns of a hot processor and of a Pi that says nothing', () => {
    assert.match(
      said(judgePower({ ...pi, temperature: 83.1, bits: 0 })),
      /warn the processor is at 83\.1 °C -> let air/,
    );
    assert.match(
      said(judgePower({ ...pi, bits: undefined })),
      /^warn .*does not say.*sudo vcgencmd get_throttled/,
    );
  });

  it('is quiet on a Pi that is well, and on another machine', () => {
    assert.match(
      said(judgePower({ ...pi, bits: 0 })),
      /^ok .*no under-voltage, no throttling since the boot -> $/,
    );
    assert.equal(
      said(judgePower({ model: undefined, temperature: undefined, bits: undefined })),
      'ok not a Raspberry Pi: no throttling bits -> ',
    );
  });
});

describe('nucleusAsService()', () => {
  const judged = (active: string): string =>
    said(
      nucleusAsService({
        kind: 'unit',
        unit: parseUnit(`LoadState=loaded\nActiveState=${active}\nSubState=running\nUID=995`),
      }),
    );

  it('warns of a unit that runs beside the component, and stops it', () => {
    assert.match(
      judged('active'),
      /^warn shutterd\.service runs .*keeps the camera from the component -> run: sudo systemctl disable --now shutterd/,
    );
  });

  it('misses no unit', () => {
    for (const text of [judged('inactive'), said(nucleusAsService({ kind: 'noSystemd' }))])
      assert.match(text, /^ok .*the nucleus runs the daemon/);
  });
});

describe('judgeUnit()', () => {
  const RUNNING = [
    ...['LoadState=loaded', 'UnitFileState=enabled', 'ActiveState=active', 'SubState=running', 'NRestarts=0'],
    ...['Result=success', 'ExecMainStatus=0', 'MainPID=812', 'StatusText=online, outbox 0', 'User=shutterd'],
    ...['UID=995', 'SupplementaryGroups=video', 'NeedDaemonReload=no'],
  ].join('\n');
  const judged = (...changes: readonly (readonly [from: string, to: string])[]): string =>
    said(judgeUnit(parseUnit(changes.reduce((text, [from, to]) => text.replace(from, to), RUNNING))));

  it('fails where systemd restarts it for ever, says how it ended, and names the journal', () => {
    const text = judged(
      ...([
        ['ActiveState=active', 'ActiveState=activating'],
        ['SubState=running', 'SubState=auto-restart'],
      ] as const),
      ...([
        ['NRestarts=0', 'NRestarts=17'],
        ['Result=success', 'Result=exit-code'],
        ['MainStatus=0', 'MainStatus=1'],
      ] as const),
    );
    assert.match(
      text,
      /^fail shutterd\.service is activating \(auto-restart\), restarted 17 times; it ended last with exit-code, status 1 -> run: journalctl -u shutterd -n 50$/,
    );
  });

  it('says what the exit code of a failed daemon means', () => {
    const failed = [
      ['ActiveState=active', 'ActiveState=failed'],
      ['Result=success', 'Result=exit-code'],
    ] as const;
    assert.match(
      judged(...failed, ['MainStatus=0', 'MainStatus=2']),
      /status 2 \(the configuration is bad\)/,
    );
    assert.match(
      judged(...failed, ['MainStatus=0', 'MainStatus=3']),
      /status 3 \(another instance holds the outbox\)/,
    );
  });

  it('warns of a unit that is stopped, not enabled, changed on disk or often restarted', () => {
    assert.match(
      judged(['State=active', 'State=inactive']),
      /^warn .* is stopped -> run: sudo systemctl start/,
    );
    assert.match(
      judged(['State=enabled', 'State=disabled']),
      /^warn .*does not start at boot \(disabled\) -> run: sudo systemctl enable/,
    );
    assert.match(judged(['Reload=no', 'Reload=yes']), /^warn .*file of the unit has changed.*daemon-reload/m);
    assert.match(judged(['NRestarts=0', 'NRestarts=3']), /^warn .*restarted it 3 times/);
  });

  it('shows what a running daemon says of itself', () => {
    assert.equal(judged(), 'ok shutterd.service is running, process 812: online, outbox 0 -> ');
  });

  it('reads the exposure of the sandbox out of what systemd-analyze prints', () => {
    assert.equal(exposureOf('→ Overall exposure level for shutterd.service: 1.3 OK 🙂'), 1.3);
    assert.equal(exposureOf('Failed to get unit'), undefined);
  });
});

describe('judgeClock()', () => {
  it('fails a clock that was never set, warns of one that nobody keeps, and is well with one that is kept', () => {
    assert.match(
      said([judgeClock(new Date('1970-01-01T00:01:00Z'), false)]),
      /^fail not set.*timedatectl set-ntp/,
    );
    assert.match(
      said([judgeClock(new Date('2026-05-01T00:00:00Z'), false)]),
      /^warn not synchronised.*hang on it/,
    );
    assert.match(said([judgeClock(new Date('2026-05-01T00:00:00Z'), true)]), /^ok synchronised, 2026-05-01/);
  });
});

describe('mountIn()', () => {
  const TABLE = [
    '22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw',
    '40 22 0:35 / /var\\040lib tmpfs ro',
    '41 22 179:3 / /var/lib ro,relatime shared:5 - ext4 /dev/mmcblk0p3 ro',
    '42 22 0:36 / /mnt/my\\040disk rw - ext4 /dev/sda1 ro,errors=remount-ro',
  ].join('\n');

  it('takes the longest mount point above the path, and no neighbour with a like name', () => {
    assert.deepEqual(mountIn(TABLE, '/var/lib/shutterd'), {
      ...{ point: '/var/lib', readOnly: true, device: 'mmcblk0p3', number: '179:3' },
    });
    assert.equal(mountIn(TABLE, '/var/library')?.point, '/');
    assert.equal(mountIn(TABLE, '/var/library')?.readOnly, false);
  });

  it('sees a file system that the kernel has made read-only under a mount that says rw', () => {
    assert.deepEqual(mountIn(TABLE, '/mnt/my disk/outbox')?.readOnly, true);
  });

  it('finds nothing in what is no table', () => {
    assert.equal(mountIn('', '/'), undefined);
  });
});

describe('allows()', () => {
  const key = { mode: 0o640, ownerUid: 0, groupId: 44 };
  it('takes the first of owner, group and others that fits, as the kernel does', () => {
    const person = { name: 'shutterd', userId: 995, groupIds: [995, 44] };
    assert.equal(allows(person, key, 4), true);
    assert.equal(allows(person, key, 6), false);
    assert.equal(allows({ ...person, groupIds: [995] }, key, 4), false);
    assert.equal(allows(person, { mode: 0o077, ownerUid: 995, groupId: 44 }, 4), false);
    assert.equal(allows({ ...person, userId: 0 }, { mode: 0, ownerUid: 1, groupId: 1 }, 6), true);
  });
});

describe('parseStatus()', () => {
  for (const text of ['', 'x', '[]', '{"state": 1}', 'null']) {
    it(`takes ${JSON.stringify(text)} for no status`, () => {
      assert.equal(parseStatus(Buffer.from(text)), undefined);
    });
  }

  it('takes what has the right type and leaves the rest', () => {
    const payload = {
      state: 'online',
      paused: 'yes',
      config: { state: 'rejected', errors: ['a', 1] },
      camera: 7,
    };
    assert.deepEqual(parseStatus(Buffer.from(JSON.stringify(payload))), {
      ...{ state: 'online', paused: false, capturedAt: '' },
      config: { state: 'rejected', errors: ['a'] },
      camera: { state: 'unknown' },
    });
  });
});
