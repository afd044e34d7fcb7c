// Names why a connection failed, from error codes and MQTT reason codes, with what a person can do; it touches nothing.
import type { LinkFault, LinkProblem } from '../domain.ts';
import { errorCode, errorMessage } from '../support/errors.ts';

export interface ReasonCoded {
  readonly code: number;
  readonly text: string;
  /** The broker's own words (MQTT 5 reason string). */
  readonly reasonString?: string;
}

const REMEDY: Record<LinkFault, string> = {
  network: 'check the cable or Wi-Fi and the address in mqtt.url',
  dns: 'check the host name in mqtt.url and the name server of this machine',
  refusedConnection: 'start the broker, or correct host and port in mqtt.url',
  tls: 'check mqtt.tls.caFile, the dates of the certificates, the clock of this machine and the name in mqtt.url',
  noConnack:
    'something accepts the connection but does not speak MQTT: check the port, and mqtts against mqtt',
  protocolVersion: 'set mqtt.protocol to a version the broker speaks, or to auto',
  clientId: 'the broker does not take this client id: set mqtt.clientId',
  credentials: 'correct mqtt.username and the file of mqtt.passwordFile',
  notAuthorized: 'allow this client and its topics in the broker (access list, or AWS IoT policy)',
  serverBusy: 'none needed; the daemon tries again',
  refused: 'see the reason the broker gives',
  takenOver: 'another client uses the same client id: give each device its own device.id',
  keepalive: 'none needed if the network is known to be bad; else check the broker',
  closedByBroker: 'see the log of the broker; another client with the same client id closes it too',
  ackTimeout: 'the broker takes messages but does not acknowledge them: see its log',
  subscribe: 'allow these topic filters in the broker (access list, or AWS IoT policy)',
  stopped: 'none needed',
};

export function linkProblem(fault: LinkFault, detail: string): LinkProblem {
  return { fault, detail, remedy: REMEDY[fault] };
}

/** For an error of the socket: before CONNACK, or later. */
export function problemFromError(error: unknown): LinkProblem {
  const code = errorCode(error) ?? '';
  return linkProblem(
    faultOfCode(code),
    code === '' ? errorMessage(error) : `${code}: ${errorMessage(error)}`,
  );
}

function faultOfCode(code: string): LinkFault {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  if (code === 'ECONNREFUSED') return 'refusedConnection';
  if (
    /^(ERR_(TLS|SSL|OSSL)|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|TLS_FILE|EPROTO|HOSTNAME_MISMATCH)/.test(
      code,
    )
  ) {
    return 'tls';
  }
  return 'network';
}

/** CONNACK and DISCONNECT codes of MQTT 5 (section 2.4), and return codes 1-5 of MQTT 3.1.1 (section 3.2.2.3). */
export function problemFromReasonCode(reason: ReasonCoded): LinkProblem {
  const words = reason.reasonString === undefined ? reason.text : `${reason.text}: ${reason.reasonString}`;
  return linkProblem(FAULT_OF_REASON[reason.code] ?? 'refused', `reason code ${reason.code}, ${words}`);
}

const FAULT_OF_REASON: Readonly<Record<number, LinkFault>> = {
  1: 'protocolVersion',
  2: 'clientId',
  3: 'serverBusy',
  4: 'credentials',
  5: 'notAuthorized',
  // AWS IoT Core answers 7 where the specification has 5.
  7: 'notAuthorized',
  132: 'protocolVersion',
  133: 'clientId',
  134: 'credentials',
  135: 'notAuthorized',
  136: 'serverBusy',
  137: 'serverBusy',
  138: 'notAuthorized',
  139: 'closedByBroker',
  140: 'credentials',
  141: 'keepalive',
  142: 'takenOver',
  159: 'serverBusy',
};

/** For an `error` event of MQTT.js, whose refusals carry a numeric reason code. */
export function problemFromClientError(error: unknown): LinkProblem {
  if (hasReasonCode(error)) return problemFromReasonCode({ code: error.code, text: error.message });
  if (errorMessage(error) === 'Keepalive timeout') {
    return linkProblem('keepalive', 'no answer to PINGREQ within 1.5 keep-alive intervals');
  }
  // On a link that was up a reset is the broker's close with something of ours unread: how mosquitto ends a 3.1.1 client
  // whose packet is too large.
  const reset = ['ECONNRESET', 'EPIPE'].includes(errorCode(error) ?? '');
  return reset
    ? linkProblem('closedByBroker', `the broker reset the connection (${errorMessage(error)})`)
    : problemFromError(error);
}

export function hasReasonCode(error: unknown): error is Error & { code: number } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}
