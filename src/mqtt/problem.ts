// Names why a connection failed, from error codes and MQTT reason codes, with what a person can do; it touches nothing.
import type { LinkFault, LinkProblem } from '../domain.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import { handshakeRemedy } from './handshake-ended.ts';
import { proxyRemedy } from './proxy-problem.ts';
import { tlsRemedy, type ClockState } from './tls-problem.ts';

export interface ReasonCoded {
  readonly code: number;
  readonly text: string;
  /** The broker's own words (MQTT 5 reason string). */
  readonly reasonString?: string | undefined;
}

const REMEDY: Readonly<Record<LinkFault, string>> = {
  network: 'check the cable or Wi-Fi and the address in mqtt.url',
  dns: 'check the host name in mqtt.url and the name server of this machine',
  refusedConnection: 'start the broker, or correct host and port in mqtt.url',
  tls: 'check the certificates of the broker and of this device, and the names they hold',
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

/** For an error of the socket: before CONNACK, or later. `clock` is the wall clock, which TLS measures dates by. */
export function problemFromError(error: unknown, clock: ClockState = 'unknown'): LinkProblem {
  const code = errorCode(error) ?? '';
  const detail =
    code === '' ? errorMessage(error) : `${code}: ${opensslReason(error) ?? errorMessage(error)}`;
  const overTls = tlsRemedy(code, clock);
  if (overTls !== undefined) return { fault: 'tls', detail, remedy: overTls };
  const problem = linkProblem(faultOfCode(code), detail);
  const remedy =
    code === 'PASSWORD_FILE_RIGHTS' ? RIGHTS_REMEDY : (proxyRemedy(code) ?? handshakeRemedy(code));
  return remedy === undefined ? problem : { ...problem, remedy };
}

/** OpenSSL's message is a line of its source code; beside it Node keeps the words in it. */
function opensslReason(error: unknown): string | undefined {
  const isOpenssl = error instanceof Error && 'library' in error && 'reason' in error;
  return isOpenssl && typeof error.reason === 'string' ? error.reason : undefined;
}

const RIGHTS_REMEDY =
  'run the command that the line names; nothing else is needed, the next attempt reads the file again';

function faultOfCode(code: string): LinkFault {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  if (code === 'ECONNREFUSED') return 'refusedConnection';
  if (code === 'PASSWORD_FILE' || code === 'PASSWORD_FILE_RIGHTS') return 'credentials';
  return 'network';
}

/** CONNACK and DISCONNECT codes of MQTT 5 (section 2.4), and return codes 1-5 of MQTT 3.1.1 (section 3.2.2.3). */
export function problemFromReasonCode(reason: ReasonCoded): LinkProblem {
  const words = reason.reasonString === undefined ? reason.text : `${reason.text}: ${reason.reasonString}`;
  const problem = linkProblem(
    FAULT_OF_REASON[reason.code] ?? 'refused',
    `reason code ${reason.code}, ${words}`,
  );
  const remedy = REMEDY_OF_REASON[reason.code];
  return remedy === undefined ? problem : { ...problem, remedy };
}

/** For a close without any word before it. */
export function closedWithoutReason(operation: string | undefined): LinkProblem {
  return afterOperation(
    linkProblem('closedByBroker', 'the broker closed the connection without a reason'),
    operation,
  );
}

/**
 * Names the operation that the broker had in hand when it closed: for AWS IoT Core, and for any broker of MQTT 3.1.1,
 * the close is the only way to refuse a topic or a payload.
 */
export function afterOperation(problem: LinkProblem, operation: string | undefined): LinkProblem {
  if (operation === undefined || !ANSWERS.includes(problem.fault)) return problem;
  const detail = `${problem.detail}, right after ${operation}`;
  return { ...problem, detail, ...(problem.fault === 'closedByBroker' ? { remedy: REFUSED_BY_CLOSE } : {}) };
}

const ANSWERS: readonly LinkFault[] = Object.freeze(['closedByBroker', 'refused', 'notAuthorized']);
const REFUSED_BY_SIZE =
  'mosquitto does so over its message_size_limit: raise it there, or lower image.maxPayloadBytes';
const REFUSED_BY_CLOSE =
  'if this repeats, allow that topic in the broker (access list, or AWS IoT policy) or lower image.maxPayloadBytes';

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
  // The broker stops: that says nothing about what we sent last, so it must not look like a close over a request.
  139: 'serverBusy',
  140: 'credentials',
  141: 'keepalive',
  142: 'takenOver',
  156: 'serverBusy',
  157: 'refused',
  159: 'serverBusy',
};

const REMEDY_OF_REASON: Readonly<Record<number, string>> = {
  138: 'the broker has banned this client: lift the ban there, or change device.id',
  139: 'start the broker again if it was stopped for good; the daemon reconnects by itself',
  140: 'the broker asks for an authentication method that the daemon does not speak: use a password or a certificate',
  149: 'lower image.maxPayloadBytes, or raise the packet size in the broker',
  151: 'the broker says that a quota is used up: raise it there',
  154: 'the broker keeps no retained messages: set mqtt.retain to false',
  155: 'the broker does not take this QoS: lower mqtt.qos',
  156: 'none needed; if it lasts, set mqtt.url to the server the broker names',
  157: 'set mqtt.url to the server the broker names',
};

/** For an `error` event of MQTT.js, whose refusals carry a numeric reason code; the broker's own words come beside it. */
export function problemFromClientError(error: unknown, reasonString?: string): LinkProblem {
  if (hasReasonCode(error))
    return problemFromReasonCode({ code: error.code, text: error.message, reasonString });
  // mosquitto 2.0 answers a message over its message_size_limit with a code that a PUBACK of MQTT 5 cannot have.
  if (errorMessage(error) === 'Invalid puback reason code') {
    const detail = 'the broker answered with a reason code that MQTT does not allow there';
    return { fault: 'refused', detail, remedy: REFUSED_BY_SIZE };
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
