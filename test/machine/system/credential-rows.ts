// A client key that only root may read, handed to the service by systemd, against a broker that asks for a certificate.
import { FOLDER } from './install-rows.ts';
import { type Bench, expect, type Row } from './row.ts';

export const credentialRows: readonly Row[] = [{ name: 'key as a credential', run: keyAsCredential }];

const TLS = `${FOLDER}/tls`;
const BROKER = 'shutterd-test-broker';
const PORT = 18_884;
const SERVICE_FILES = '/etc/shutterd/system-test-ca.crt /etc/shutterd/system-test.crt';
const PRIVATE_KEY = '/etc/shutterd/private/system-test.key';
// One broker, two doors: what the test itself sends and hears goes through the plain one.
const SET_UP = `set -e; rm -rf ${TLS}; mkdir -p ${TLS}; cd ${TLS}
new() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -keyout $1.key -out $1.crt -subj "/CN=$2" "\${@:3}" 2>/dev/null; }
new ca 'system test'
new server localhost -CA ca.crt -CAkey ca.key -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE
new client camera -CA ca.crt -CAkey ca.key -addext basicConstraints=critical,CA:FALSE
printf '%s\n' 'user root' 'allow_anonymous true' 'listener 1883 127.0.0.1' 'listener ${PORT} 127.0.0.1' 'cafile ${TLS}/ca.crt' 'certfile ${TLS}/server.crt' 'keyfile ${TLS}/server.key' 'require_certificate true' >conf
install -m 644 ca.crt /etc/shutterd/system-test-ca.crt; install -m 644 client.crt /etc/shutterd/system-test.crt
install -m 600 client.key ${PRIVATE_KEY}
systemctl stop mosquitto; systemd-run -q --unit=${BROKER} --collect mosquitto -c ${TLS}/conf`;

async function keyAsCredential({ host, service }: Bench): Promise<string> {
  await service.classify();
  try {
    await host.must(SET_UP);
    await service.configure({
      'mqtt.url': `mqtts://localhost:${PORT}`,
      'mqtt.tls.caFile': '/etc/shutterd/system-test-ca.crt',
      'mqtt.tls.certFile': '/etc/shutterd/system-test.crt',
      'mqtt.tls.keyFile': '/run/credentials/shutterd.service/tls_system-test.key',
    });
    const picture = await service.picture();
    const readable = await host.run(`runuser -u shutterd -- cat ${PRIVATE_KEY}`);
    expect(readable.code !== 0, 'the user of the service may read the key itself');
    const pid = await service.fact('MainPID');
    const ways = await host.must(
      `ss -Htnp state established | grep -F 'pid=${pid},' | awk '{print $4}' | xargs`,
    );
    expect(
      ways.endsWith(`:${PORT}`) && !ways.includes(' '),
      `the daemon is connected to: ${ways || 'nobody'}`,
    );
    return `${picture}, over TLS with a client certificate, the daemon's only connection; the key is root's alone`;
  } finally {
    await host.run(`systemctl stop ${BROKER}; rm -f ${SERVICE_FILES} ${PRIVATE_KEY}`);
    await service.classify();
    await service.configure();
  }
}
