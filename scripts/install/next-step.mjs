// Reads `shutterd config show --json` and prints how to take the first picture; it connects to nothing.
import { text } from 'node:stream/consumers';

const { values } = JSON.parse(await text(process.stdin));
const of = (key) => values[key]?.value;
const deviceId = of('device.id');
const topics = of('topics.trigger').map((topic) => topic.replaceAll('{deviceId}', deviceId));
const topic = topics.find((it) => !/[+#]/.test(it)) ?? topics[0];
const url = new URL(of('mqtt.url'));

console.log(`\nTake a picture (device ${deviceId}, broker ${url.protocol}//${url.host}):\n\n    ${line()}`);
console.log('\nSee what came of it:\n\n    sudo journalctl -fu shutterd');

function line() {
  // mosquitto_pub speaks neither WebSockets nor AWS IoT Core's way of port 443, and a password has no place on its command line.
  const isPlain = url.protocol === 'mqtt:' || url.protocol === 'mqtts:';
  const isOpen = !of('mqtt.username') && !of('mqtt.tls.certFile') && !of('mqtt.proxyUrl');
  if (!isPlain || !isOpen || of('mqtt.broker') === 'aws') return 'sudo shutterd trigger --wait';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port || (url.protocol === 'mqtts:' ? '8883' : '1883');
  const ca =
    url.protocol === 'mqtts:'
      ? ` --cafile ${of('mqtt.tls.caFile') ?? '/etc/ssl/certs/ca-certificates.crt'}`
      : '';
  return `mosquitto_pub -h ${host} -p ${port}${ca} -t ${topic} -n -q 1`;
}
