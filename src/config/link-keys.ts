// The keys of identity, broker and topics: names, formats, defaults and what they mean.
import { decimal, integer, oneOf, unsettable, yesOrNo } from './format.ts';
import {
  absolutePath,
  brokerUrl,
  clientId,
  deviceId,
  groupNames,
  hostName,
  proxyUrl,
  topicFilter,
  topicFilters,
  topicName,
  topicNameOrEmpty,
  userName,
} from './formats.ts';
import { key } from './key.ts';

export const deviceKeys = {
  id: key(deviceId, 'unnamed', {
    doc: 'Name of this device; replaces {deviceId} in topics and the client id. Set by flag, environment or local only.',
    defaultNote:
      'the host name; on raspberrypi and localhost with 6 hex digits of the machine; of a Greengrass component the name of the thing',
  }),
  groups: key(
    groupNames,
    [],
    'Group layers of this device, in order. Set by flag, environment, local, devices/<id> or fleet.',
  ),
};

export const mqttKeys = {
  url: key(brokerUrl, 'mqtt://127.0.0.1:1883', 'Broker to connect to: mqtt, mqtts, ws or wss.'),
  transport: key(
    oneOf('mqtt', 'greengrass'),
    'mqtt',
    'mqtt, or greengrass: through the IPC of the Greengrass nucleus that runs the daemon as its component.',
  ),
  clientId: key(
    clientId,
    '{deviceId}',
    'MQTT client id; two clients with one id push each other off the broker.',
  ),
  protocol: key(
    oneOf('auto', 3, 4, 5),
    'auto',
    'MQTT version: 5, 4 (3.1.1), 3 (3.1), or auto: 5, and 4 where the broker refuses the version.',
  ),
  qos: key(oneOf(0, 1, 2), 1, 'QoS of requests. At 0 the promise of delivery ends at the socket.'),
  broker: key(
    oneOf('generic', 'aws'),
    'generic',
    "aws turns on AWS IoT Core's limits, ALPN on port 443 and checks at load.",
  ),
  username: key(unsettable(userName), null, 'User name for the broker.'),
  passwordFile: key(
    unsettable(absolutePath),
    null,
    'File that holds the password; read afresh at each connection, one line end at its end is ignored.',
  ),
  tls: {
    caFile: key(
      unsettable(absolutePath),
      null,
      "PEM file of the authorities to trust instead of the system's.",
    ),
    certFile: key(
      unsettable(absolutePath),
      null,
      'PEM file of the client certificate; needs mqtt.tls.keyFile.',
    ),
    keyFile: key(unsettable(absolutePath), null, 'PEM file of the client key; needs mqtt.tls.certFile.'),
    serverName: key(
      unsettable(hostName),
      null,
      "Name to expect in the broker's certificate where it is not the URL's host.",
    ),
  },
  proxyUrl: key(
    unsettable(proxyUrl),
    null,
    'Proxy for the connection: http://host:port (CONNECT) or socks5://host:port. Nothing else reroutes it.',
  ),
  keepaliveSeconds: key(integer({ min: 1, max: 65_535, unit: 'seconds' }), 60, 'MQTT keep alive.'),
  connectTimeoutSeconds: key(
    decimal({ min: 0.1, max: 300, unit: 'seconds' }),
    10,
    'Longest wait for TCP, TLS and CONNACK together.',
  ),
  ackTimeoutSeconds: key(
    decimal({ min: 0.1, max: 600, unit: 'seconds' }),
    20,
    'Longest wait for PUBACK or SUBACK after the last byte was written to the socket.',
  ),
  retain: key(yesOrNo(), true, 'Whether status messages are retained by the broker.'),
  reconnect: {
    baseSeconds: key(
      decimal({ min: 0.01, max: 3600, unit: 'seconds' }),
      1,
      'Backoff delay: min(2^n * base, max), n counts attempts since the last stable connection.',
    ),
    maxSeconds: key(decimal({ min: 0.01, max: 86_400, unit: 'seconds' }), 32, 'Longest backoff delay.'),
    stableSeconds: key(
      decimal({ min: 0, max: 86_400, unit: 'seconds' }),
      20,
      'How long a connection stays up before n returns to 0.',
    ),
    jitter: key(oneOf('full', 'none'), 'full', 'full: each delay is random below the backoff delay.'),
    spreadSeconds: key(
      decimal({ min: 0, max: 3600, unit: 'seconds' }),
      5,
      'The first delay after a loss is random up to this, so that a fleet does not return at once.',
    ),
  },
  sessionExpirySeconds: key(
    integer({ min: 0, max: 4_294_967_295, unit: 'seconds' }),
    0,
    'How long the broker keeps the session; above 0 triggers sent while offline arrive later.',
  ),
};

export const topicKeys = {
  trigger: key(
    topicFilters,
    ['device/image/trigger', 'device/{deviceId}/image/trigger'],
    'Topic filters; a message on any of them takes a picture.',
  ),
  request: key(topicName, 'device/image/request', 'Where classification requests are published.'),
  response: key(topicFilter, 'device/image/response', 'Where results arrive.'),
  status: key(topicName, 'device/{deviceId}/status', 'Retained status of this device and its will message.'),
  outcome: key(
    topicNameOrEmpty,
    'device/{deviceId}/image/outcome',
    'One message per trigger on what became of it; empty turns it off.',
  ),
  pause: key(
    topicFilter,
    'device/{deviceId}/image/pause',
    'Retained on or off: whether triggers are ignored.',
  ),
};
