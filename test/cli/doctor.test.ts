// `shutterd doctor` as a person runs it, with each fault made for real: the line that is read, its remedy, the exit code.
import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../helpers/certificates.ts';
import { runChild } from '../helpers/child.ts';
import { createHome, runShutterd, startDaemon, type Home } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { publish, subscribe } from '../helpers/mqtt-peer.ts';
import { startTinyproxy } from '../helpers/proxies.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { quick, STATUS, TRIGGER, webcam, type Settings } from '../system/settings.ts';

/** Beside the compiled test, wherever that was built. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const scope = new Scope();
afterEach(() => scope.end());

interface Report {
  readonly code: number | null;
  readonly out: string;
}

async function doctor(home: Home, ...flags: readonly string[]): Promise<Report> {
  const { code, out, err } = await runShutterd(scope, home, ['doctor', ...flags]);
  assert.equal(err, '');
  return { code, out };
}

/** Of a home with these settings, and no daemon. */
async function examined(settings: Settings): Promise<Report> {
  return doctor(await createHome(scope, settings));
}

describe('shutterd doctor and the broker', () => {
  it('stops at DNS for a name that nobody knows', async () => {
    const { code, out } = await examined(quick('mqtt://broker.invalid:1883'));
    assert.equal(code, 1);
    assert.match(out, /^fail {2}broker .*DNS: .*broker\.invalid.*\n.*-> check the host name in mqtt\.url/m);
    assert.doesNotMatch(out, /TCP/);
  });

  it('stops at TCP where nothing listens', async () => {
    const { code, out } = await examined(quick(`mqtt://localhost:${await freePort()}`));
    assert.equal(code, 1);
    assert.match(out, /^ok {4}broker .*DNS: localhost is .* \(\d+ ms\)$/m);
    assert.match(out, /^fail {2}broker .*TCP: ECONNREFUSED.*\n.*-> start the broker/m);
  });

  it('stops at CONNACK where something else listens and says nothing', async () => {
    const port = await startRawServer(scope);
    const { out } = await examined(quick(`mqtt://127.0.0.1:${port}`, { 'mqtt.connectTimeoutSeconds': 1 }));
    assert.match(out, /^ok {4}broker .*TCP: connected to 127\.0\.0\.1:\d+ \(\d+ ms\)$/m);
    assert.match(
      out,
      /^fail {2}broker .*CONNACK: no CONNACK within .*\n.*-> .*does not speak MQTT: check the port/m,
    );
  });

  it('stops at TLS where the handshake gets no answer', async () => {
    const port = await startRawServer(scope);
    const { out } = await examined(quick(`mqtts://127.0.0.1:${port}`, { 'mqtt.connectTimeoutSeconds': 1 }));
    assert.match(out, /^fail {2}broker .*TLS: no connection to 127\.0\.0\.1:\d+ within 1 s$/m);
  });

  it('stops at a proxy that is not there, and goes through one that is', async () => {
    const broker = await startMosquitto(scope);
    const dead = await examined(
      quick(broker.url, { 'mqtt.proxyUrl': `http://127.0.0.1:${await freePort()}` }),
    );
    assert.match(dead.out, /^fail {2}broker .*TCP: .*Cannot reach proxy.*\n.*-> start the proxy/m);
    const proxy = await startTinyproxy(scope);
    const through = await examined(quick(broker.url, { 'mqtt.proxyUrl': proxy.url }));
    assert.match(through.out, /^ok {4}broker .*TCP: connected to proxy http:/m);
    assert.match(through.out, /^ok {4}broker .*SUBACK: /m);
  });

  it('asks neither broker nor unit where a Greengrass nucleus runs the daemon, and names its logs', async () => {
    const { out } = await examined(quick('mqtt://broker.invalid', { 'mqtt.transport': 'greengrass' }));
    assert.match(out, /^ok {4}broker .*the nucleus has the connection.*greengrass\.log\)$/m);
    assert.match(out, /^ok {4}service .*the nucleus runs the daemon .*com\.shutterd\.Capture\.log\)$/m);
    assert.doesNotMatch(out, /DNS|TCP|^\w+ +certificates/m);
  });

  it('names the filter that the broker refuses, and the others that it grants', async () => {
    const plugin = await dynamicSecurity(TRIGGER);
    const broker = await startMosquitto(scope, { lines: plugin });
    const { code, out } = await examined(quick(broker.url));
    assert.equal(code, 1);
    assert.match(out, /^ok {4}broker .*SUBACK: .*device\/pi-test\/image\/trigger/m);
    assert.match(
      out,
      /^fail {2}broker .*SUBACK: .*device\/image\/trigger.*\n.*-> allow these topic filters/m,
    );
  });

  it('has every step with its time where all is well, and leaves no trace at the broker', async () => {
    const broker = await startMosquitto(scope);
    const { out } = await examined(quick(broker.url));
    assert.match(out, /^ok {4}broker .*CONNACK: MQTT 5 as client pi-test-cli-[0-9a-f]{6} \(\d+ ms\)$/m);
    assert.match(out, /^ok {4}broker .*SUBACK: device\/pi-test\/image\/pause, .*\(\d+ ms\)$/m);
    assert.doesNotMatch(broker.log().join('\n'), /Received PUBLISH/);
  });

  it('says that packets of the broker are too small for the requests', async () => {
    const broker = await startMosquitto(scope, { lines: ['max_packet_size 65536'] });
    const { out } = await examined(quick(broker.url));
    assert.match(
      out,
      /^fail {2}broker .*takes packets of 65536 bytes.*\n.*-> lower image\.maxPayloadBytes to 64512/m,
    );
  });

  it('says that the device is paused', async () => {
    const broker = await startMosquitto(scope);
    const topic = 'device/pi-test/image/pause';
    await publish(scope, broker.port, { topic, payload: Buffer.from('on'), retain: true });
    const { code, out } = await examined(quick(broker.url));
    assert.equal(code, 0);
    assert.match(
      out,
      /^warn {2}broker .*paused.*\n.*-> .*mosquitto_pub -t device\/pi-test\/image\/pause -r -m off/m,
    );
  });
});

describe('shutterd doctor and certificates', () => {
  interface Files {
    readonly ca: string;
    readonly cert: string;
    readonly key: string;
  }

  async function secured(
    spoil: (files: Files, authority: Awaited<ReturnType<typeof createAuthority>>) => Promise<unknown>,
    days = 90,
  ): Promise<Report> {
    const authority = await createAuthority(scope);
    const server = await authority.issue('IP:127.0.0.1');
    const device = await authority.issue('DNS:device', days);
    const folder = await scope.folder();
    const files = { ca: join(folder, 'ca.pem'), cert: join(folder, 'me.pem'), key: join(folder, 'me.key') };
    await copyFile(authority.caFile, files.ca);
    await copyFile(device.certFile, files.cert);
    await copyFile(device.keyFile, files.key);
    await chmod(files.key, 0o600);
    await spoil(files, authority);
    const lines = ['require_certificate true', `cafile ${authority.caFile}`];
    const broker = await startMosquitto(scope, { tls: server, lines });
    const tls = {
      'mqtt.tls.caFile': files.ca,
      'mqtt.tls.certFile': files.cert,
      'mqtt.tls.keyFile': files.key,
    };
    return examined(quick(`mqtts://127.0.0.1:${broker.port}`, tls));
  }

  it('stops at TLS for an authority that did not sign the broker', async () => {
    const { code, out } = await secured(async ({ ca }) =>
      copyFile((await createAuthority(scope)).caFile, ca),
    );
    assert.equal(code, 1);
    assert.match(
      out,
      /^fail {2}broker .*TLS: SELF_SIGNED_CERT_IN_CHAIN.*\n.*-> set mqtt\.tls\.caFile to the cert/m,
    );
  });

  it('fails a certificate that has expired', async () => {
    const { code, out } = await secured(async ({ cert, key }, authority) => {
      const expired = await authority.issue('DNS:device', -1);
      await copyFile(expired.certFile, cert);
      await copyFile(expired.keyFile, key);
    });
    assert.equal(code, 1);
    assert.match(
      out,
      /^fail {2}certificates .*mqtt\.tls\.certFile .*me\.pem: it expired on .*\n.*-> renew it/m,
    );
  });

  it('fails a key of another certificate, before a connection is tried', async () => {
    const { out } = await secured(async ({ key }, authority) =>
      copyFile((await authority.issue('DNS:device')).keyFile, key),
    );
    assert.match(
      out,
      /^fail {2}certificates .*mqtt\.tls\.keyFile .*it is not the key of .*me\.pem\n.*-> take/m,
    );
    assert.match(out, /^fail {2}broker .*files: .*KEY_VALUES_MISMATCH/m);
  });

  it('fails a key that everybody may read, with the command that mends it', async () => {
    const { out } = await secured(({ key }) => chmod(key, 0o644));
    assert.match(out, /^fail {2}certificates .*its mode is 0644.*\n.*-> run: chmod 600 .*me\.key/m);
  });

  it('warns of one that ends within 30 days, and counts the days of the others', async () => {
    const { code, out } = await secured(() => Promise.resolve(), 20);
    assert.equal(code, 0, out);
    assert.match(out, /^warn {2}certificates .*certFile .*it expires on .*\n.*-> renew it before that day/m);
    assert.match(out, /^warn {2}certificates .*the broker's own certificate ends in \d days/m);
    assert.match(out, /^ok {4}certificates .*keyFile .*fits its certificate/m);
    assert.match(out, /^ok {4}broker .*TLS: TLSv1\.3, the broker's certificate is good for 127\.0\.0\.1/m);
  });
});

describe('shutterd doctor and the camera', () => {
  async function withFakeFswebcam(script: string, settings: Settings = {}): Promise<Report> {
    const broker = await startMosquitto(scope);
    const home = await createHome(scope, webcam(broker.url, settings));
    const folder = await fakePrograms(['fswebcam'], script);
    return doctor({ ...home, env: { ...home.env, PATH: `${folder}:${home.env['PATH'] ?? ''}` } });
  }

  it('fails where fswebcam says success and leaves no picture', async () => {
    const { code, out } = await withFakeFswebcam('echo "--- Opening TEST..."; exit 0');
    assert.equal(code, 1);
    assert.match(
      out,
      /^fail {2}camera .*test frame: Cannot capture from TEST.*left no picture.*\(badFrame\)\n.*-> Check/m,
    );
  });

  it('fails where fswebcam hangs, within camera.timeoutSeconds', async () => {
    const { out } = await withFakeFswebcam('exec sleep 60', { 'camera.timeoutSeconds': 1 });
    assert.match(out, /^fail {2}camera .*test frame: .*\(timeout\)$/m);
  });

  it('fails without a capture device, and says what to plug in', async () => {
    const broker = await startMosquitto(scope);
    const { out } = await examined(webcam(broker.url, { 'camera.device': '/dev/video99' }));
    assert.match(out, /^fail {2}camera .*\/dev\/video99 does not exist.*\n.*-> Plug the camera in/m);
  });

  it('shows the frame that the real fswebcam takes', async () => {
    const broker = await startMosquitto(scope);
    const { code, out } = await examined(webcam(broker.url));
    assert.equal(code, 0, out);
    assert.match(out, /^ok {4}camera .*test frame: 1280x720, \d+ bytes, \d+ ms$/m);
    assert.match(out, /^ok {4}tools .*fswebcam \d+/m);
  });
});

describe('shutterd doctor and a running daemon', () => {
  it('leaves its camera and its outbox alone, and passes on what it says', async () => {
    const broker = await startMosquitto(scope);
    const home = await createHome(scope, quick(broker.url));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    await writeFile(
      join(home.configFolder, 'local.json'),
      '{"device": {"id": "pi-test"}, "mqtt": {"uri": 1}}',
    );
    daemon.signal('SIGHUP');
    await daemon.waitFor('config.rejected');
    const broken = await doctor(home);
    assert.equal(broken.code, 1);
    assert.match(broken.out, /^fail {2}configuration .*mqtt\.uri.*\n.*-> allowed is/m);
    assert.match(
      broken.out,
      /^warn {2}configuration .*goes on, and starts, with the last good configuration/m,
    );
    assert.match(broken.out, /^warn {2}configuration .*are not looked at without a valid configuration/m);
    await daemon.stop();
  });

  it('says who holds the outbox, and takes no frame from a webcam that it uses', async () => {
    const broker = await startMosquitto(scope);
    const seen = await subscribe(scope, broker.port, { topics: [STATUS] });
    const home = await createHome(scope, quick(broker.url));
    const daemon = startDaemon(scope, home);
    await daemon.waitFor('broker.connected');
    const status = {
      state: 'online',
      camera: { state: 'failing', cause: 'wedged' },
      config: { state: 'rejected', errors: ['Cannot use x'] },
    };
    await seen.nth(STATUS); // its own, which would come over ours
    await publish(scope, broker.port, {
      topic: STATUS,
      payload: Buffer.from(JSON.stringify(status)),
      retain: true,
    });
    const { out } = await doctor(
      home,
      '--set',
      'camera.driver=node-webcam',
      '--set',
      'camera.device=/dev/video99',
    );
    assert.match(
      out,
      new RegExp(
        `^fail {2}camera .*a daemon runs \\(process ${daemon.pid}\\): its camera is left alone; it says: failing \\(wedged\\)`,
        'm',
      ),
    );
    assert.match(
      out,
      new RegExp(`^ok {4}outbox .*a running daemon \\(process ${daemon.pid}\\) holds it`, 'm'),
    );
    assert.match(
      out,
      /^fail {2}configuration .*does not run these files \(rejected\): Cannot use x\n.*-> correct the files/m,
    );
    assert.doesNotMatch(out, /test frame: /);
    assert.equal(daemon.of('daemon.stopping').length, 0);
    assert.equal(daemon.of('broker.lost').length, 0);
  });
});

describe('shutterd doctor, configuration and storage', () => {
  it('lists every error of the configuration with what is allowed', async () => {
    const home = await createHome(scope, { 'mqtt.qos': 7, 'camera.widthPx': 'wide' });
    const { code, out } = await doctor(home);
    assert.equal(code, 1);
    assert.match(out, /^fail {2}configuration .*mqtt\.qos.*it is 7\n.*-> allowed is /m);
    assert.match(out, /^fail {2}configuration .*camera\.widthPx/m);
    assert.match(out, /^What to do first:\n {2}1\. configuration: allowed is /m);
  });

  it('names the command for a file that its group may write', async () => {
    const home = await createHome(scope, quick('mqtt://127.0.0.1:1'));
    await chmod(join(home.configFolder, 'local.json'), 0o660);
    const { out } = await doctor(home);
    assert.match(
      out,
      /^fail {2}configuration .*let its group or everybody write\n.*chmod go-w .*local\.json/m,
    );
  });

  it('warns of a password on an open wire, and of results that a fleet matches by order', async () => {
    const home = await createHome(scope, {});
    await writeFile(
      join(home.configFolder, 'fleet.json'),
      JSON.stringify({ mqtt: { url: 'mqtt://broker.invalid', username: 'me' } }),
      { mode: 0o644 },
    );
    const { out } = await doctor(home);
    assert.match(
      out,
      /^warn {2}configuration .*password cross the network unencrypted\n.*-> use mqtts or wss/m,
    );
    assert.match(
      out,
      /^warn {2}configuration .*matched by order, which is a guess.*\n.*-> put \{deviceId\} into/m,
    );
    const check = await runShutterd(scope, home, ['config', 'check']);
    assert.match(check.err, /matched by order, which is a guess/);
  });

  it('counts what waits and what was set aside, writes a trial, and leaves the folder as it was', async () => {
    const home = await createHome(scope, quick('mqtt://127.0.0.1:1'));
    const quarantine = join(home.outbox, 'quarantine');
    await mkdir(quarantine, { recursive: true, mode: 0o700 });
    await writeFile(join(quarantine, 'strange'), 'x');
    const before = await readdir(home.outbox);
    const { out } = await doctor(home);
    assert.match(out, /^ok {4}outbox .*0 requests waiting/m);
    assert.match(out, /^warn {2}outbox .*1 request set aside.*\n.*-> shutterd outbox list/m);
    assert.match(out, /^ok {4}outbox .*takes a file of 128000 bytes/m);
    assert.deepEqual(await readdir(home.outbox), before);
    assert.deepEqual(await readdir(home.temporary), []);
  });

  it('makes no folder where no daemon has run yet', async () => {
    const home = await createHome(scope, quick('mqtt://127.0.0.1:1'));
    const { out } = await doctor(home);
    assert.match(out, /^ok {4}outbox .*is not there yet/m);
    await assert.rejects(stat(join(home.folder, 'state')), { code: 'ENOENT' });
  });

  it('fails where the disk is below outbox.minFreeBytes', async () => {
    const settings = { 'outbox.minFreeBytes': Number.MAX_SAFE_INTEGER };
    const { out } = await examined({ ...quick('mqtt://127.0.0.1:1'), ...settings });
    assert.match(out, /^fail {2}disk .*below outbox\.minFreeBytes.*\n.*-> make room/m);
  });
});

describe('shutterd doctor on a full disk', () => {
  it('fails for disk and outbox, each with what to do', async () => {
    const folder = await scope.folder();
    const home = await createHome(
      scope,
      quick('mqtt://127.0.0.1:1', { 'outbox.directory': join(folder, 'outbox') }),
    );
    // A mount namespace of its own: no rights are needed, and the mount is gone with the process.
    const script =
      'mount -t tmpfs -o size=64k tmpfs "$1" && mkdir -m 700 "$1/outbox" && ' +
      '{ cat /dev/zero > "$1/filler" 2>/dev/null || true; } && shift && exec "$@"';
    const { code, out } = await runChild(scope, {
      file: 'unshare',
      args: [
        ...['--user', '--map-root-user', '--mount', 'sh', '-ec', script, 'sh', folder],
        ...[process.execPath, MAIN, 'doctor', '--config', home.configFolder],
        ...['--set', 'outbox.minFreeBytes=4096'],
      ],
      env: home.env,
    });
    assert.equal(code, 1);
    assert.match(out, /^fail {2}disk .*0 MiB free, below outbox\.minFreeBytes.*\n.*-> make room/m);
    assert.match(out, /^fail {2}outbox .*its disk takes no file: ENOSPC.*\n.*-> make room on the disk/m);
  });
});

describe('shutterd doctor as a program', () => {
  it('is one object with --json, with the same exit code', async () => {
    const home = await createHome(scope, quick(`mqtt://127.0.0.1:${await freePort()}`));
    const { code, out } = await doctor(home, '--json');
    assert.equal(code, 1);
    const said = JSON.parse(out) as Readonly<Record<string, unknown>>;
    assert.deepEqual(Object.keys(said), ['well', 'version', 'counts', 'findings']);
    assert.equal(said['well'], false);
    const findings = said['findings'] as readonly Readonly<Record<string, string>>[];
    const broker = findings.find(({ area, verdict }) => area === 'broker' && verdict === 'fail');
    assert.deepEqual(Object.keys(broker ?? {}).sort(), ['area', 'remedy', 'verdict', 'what']);
    for (const { verdict, remedy } of findings) assert.equal(remedy === undefined, verdict === 'ok');
  });

  it('comes to its end within 25 s where everything hangs', async () => {
    const port = await startRawServer(scope);
    const home = await createHome(
      scope,
      webcam(`mqtts://127.0.0.1:${port}`, { 'camera.timeoutSeconds': 3, 'mqtt.connectTimeoutSeconds': 2 }),
    );
    const names = ['fswebcam', 'ffmpeg', 'v4l2-ctl', 'flock', 'id', 'getent', 'timedatectl', 'systemctl'];
    const folder = await fakePrograms(names, 'exec sleep 100');
    const startMs = performance.now();
    const { code, out } = await doctor({
      ...home,
      env: { ...home.env, PATH: `${folder}:${home.env['PATH'] ?? ''}` },
    });
    const seconds = (performance.now() - startMs) / 1000;
    assert.equal(code, 1);
    assert.ok(seconds < 25, `${seconds} s`);
    assert.match(out, /^fail {2}camera .*\(timeout\)/m);
    assert.match(out, /^fail {2}broker .*TLS: no connection/m);
  });
});

/** A folder for PATH in which each of these programs is the script. */
async function fakePrograms(names: readonly string[], script: string): Promise<string> {
  const folder = await scope.folder();
  for (const name of names) await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

/** Lines of mosquitto.conf: its access list refuses no SUBSCRIBE, its plugin does. */
async function dynamicSecurity(refused: string): Promise<readonly string[]> {
  const path = join(await scope.folder(), 'dynamic-security.json');
  const role = {
    rolename: 'device',
    acls: [{ acltype: 'subscribeLiteral', topic: refused, priority: 1, allow: false }],
  };
  const access = { publishClientSend: true, publishClientReceive: true, subscribe: true, unsubscribe: true };
  const groups = [{ groupname: 'all', roles: [{ rolename: 'device' }], clients: [] }];
  const said = { defaultACLAccess: access, anonymousGroup: 'all', clients: [], groups, roles: [role] };
  await writeFile(path, JSON.stringify(said), { mode: 0o600 });
  const libraries = await readdir('/usr/lib');
  const found = await Promise.all(
    libraries.map(async (name) => {
      const plugin = join('/usr/lib', name, 'mosquitto_dynamic_security.so');
      return (await stat(plugin).catch(() => undefined)) === undefined ? [] : [plugin];
    }),
  );
  const [plugin] = found.flat();
  assert.ok(plugin, 'mosquitto_dynamic_security.so is missing: apt-get install mosquitto');
  return [`plugin ${plugin}`, `plugin_opt_config_file ${path}`];
}
