// Boots: an orderly one, one without network, broker and camera, one after a power cut.
import { usbCamera } from './camera-rows.ts';
import { FOLDER, storeOne } from './install-rows.ts';
import { type Bench, expect, type Row } from './row.ts';

export const bootRows: readonly Row[] = [
  { name: 'reboot', run: reboot },
  { name: 'boot in the dark', run: bootInTheDark },
  { name: 'power cut', needs: ['cut'], run: powerCut },
];

const DARK_SECONDS = 60;
// `systemctl reboot` closes the connection at a moment of its own choice.
const REBOOT = 'systemd-run -q --on-active=1 systemctl reboot';

async function reboot({ host, service }: Bench): Promise<string> {
  const seconds = await host.booted(async () => {
    await host.must(REBOOT);
  });
  await settled(host, 'shutterd mosquitto');
  await service.classify();
  return `back after ${seconds} s; ${await readyWhen(host)}; ${await service.picture()}`;
}

/** No route leads out, the broker does not run, the driver of the camera cannot be loaded; then one after the other comes back. */
async function bootInTheDark({ host, service }: Bench): Promise<string> {
  const device = await usbCamera(host);
  await service.configure({ 'camera.device': device });
  await host.must(`cat >/etc/systemd/system/shutterd-test-dark.service <<'END'
[Unit]
DefaultDependencies=no
Before=network-pre.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip rule add pref 5 blackhole; ip -6 rule add pref 5 blackhole'
[Install]
WantedBy=sysinit.target
END
cat >/etc/systemd/system/shutterd-test-light.service <<'END'
[Service]
ExecStart=/bin/sh -c 'sleep ${DARK_SECONDS}; ip rule del pref 5; ip -6 rule del pref 5'
[Install]
WantedBy=multi-user.target
END
mkdir -p ${FOLDER}; echo 'install uvcvideo /bin/false' >/etc/modprobe.d/shutterd-test.conf
systemctl -q disable mosquitto; systemctl daemon-reload; systemctl -q enable shutterd-test-dark shutterd-test-light; sync`);
  try {
    const seconds = await host.booted(async () => {
      await host.must(REBOOT);
    });
    await settled(host, 'shutterd');
    const ready = await readyWhen(host);
    expect((await service.fact('NRestarts')) === '0', 'it was started more than once');
    expect((await host.run(`ls ${device}`)).code !== 0, 'the camera is there all the same: it was not dark');
    const from = await service.mark();
    await host.must('rm /etc/modprobe.d/shutterd-test.conf; modprobe -r uvcvideo; modprobe uvcvideo');
    await service.line(from, '"event":"camera.found"');
    await service.classify();
    await service.line(from, '"event":"broker.connected"');
    return `reachable after ${seconds} s; ${ready}; then camera.found and broker.connected: ${await service.picture()}`;
  } finally {
    await host.run(
      'rm -f /etc/modprobe.d/shutterd-test.conf; systemctl -q disable shutterd-test-dark shutterd-test-light; rm -f /etc/systemd/system/shutterd-test-*; systemctl daemon-reload; systemctl -q enable --now mosquitto; modprobe uvcvideo',
    );
    await service.configure();
  }
}

async function powerCut({ host, service, hand }: Bench): Promise<string> {
  await service.classify();
  await service.configure();
  await storeOne({ host, service });
  const seconds = await host.booted(() => hand('cut'));
  await settled(host, 'shutterd mosquitto');
  const from = await host.must(
    'journalctl -b -n 1 --show-cursor -q --no-pager -u init.scope | sed -n "s/^-- cursor: //p"',
  );
  await service.classify();
  await service.line(from, '"event":"request.acknowledged"');
  return `back after ${seconds} s, the stored request was sent; ${await service.picture()}`;
}

async function settled(host: Bench['host'], units: string): Promise<void> {
  await host.must(
    `for i in $(seq 300); do all=yes; for unit in ${units}; do systemctl -q is-active $unit || all=no; done; [ $all = no ] || exit 0; sleep 1; done; systemctl status --no-pager ${units}; exit 1`,
  );
}

async function readyWhen(host: Bench['host']): Promise<string> {
  const show = async (property: string): Promise<number> =>
    Number(await host.must(`systemctl show --property=${property} --value shutterd`)) / 1_000_000;
  const [started, ready] = [
    await show('InactiveExitTimestampMonotonic'),
    await show('ActiveEnterTimestampMonotonic'),
  ];
  return `ready ${(ready - started).toFixed(1)} s after its start, ${ready.toFixed(0)} s after the kernel's`;
}
