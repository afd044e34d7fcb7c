// The one importer of the Greengrass IPC client, loaded only where it is used; it turns its errors into words and judges none.
import type * as Sdk from 'aws-iot-device-sdk-v2/dist/greengrasscoreipc.js';
import type { Qos } from '../domain.ts';
import { errorCode, errorMessage } from '../support/errors.ts';
import type { NucleusAddress } from './address.ts';

export type LoadedSdk =
  | { readonly kind: 'loaded'; readonly sdk: typeof Sdk }
  | { readonly kind: 'missing' }
  | { readonly kind: 'broken'; readonly detail: string };

/** What the nucleus answered to one operation. */
export type IpcAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'unauthorized' }
  /** An error of the service, in its own words. */
  | { readonly kind: 'refused'; readonly said: string }
  /** No answer of the nucleus: the connection is not, or no longer, of use. */
  | { readonly kind: 'broken'; readonly said: string };

export type ConnectAnswer =
  | { readonly kind: 'done' }
  /** The handshake was refused. */
  | { readonly kind: 'unknownToken' }
  | { readonly kind: 'broken'; readonly said: string };

export interface IpcMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
}

/** One connection to the nucleus. After its end nothing that was asked is answered. */
export interface Ipc {
  connect(): Promise<ConnectAnswer>;
  publish(message: { topic: string; payload: Uint8Array; qos: Qos }): Promise<IpcAnswer>;
  subscribe(filter: string, onMessage: (message: IpcMessage) => void): Promise<IpcAnswer>;
  /** Settles when the connection, or one of its subscriptions, has ended, whoever ended it. */
  readonly ended: Promise<{ readonly detail: string }>;
  close(): Promise<void>;
}

/**
 * 77 ms and 17 MB, and aws-crt below it takes over SIGILL, SIGABRT and SIGBUS of the whole process to print a stack of
 * its own: no daemon on plain MQTT should have that.
 */
export async function loadSdk(): Promise<LoadedSdk> {
  try {
    return { kind: 'loaded', sdk: await import('aws-iot-device-sdk-v2/dist/greengrasscoreipc.js') };
  } catch (error) {
    const missing =
      errorCode(error) === 'ERR_MODULE_NOT_FOUND' && errorMessage(error).includes('aws-iot-device-sdk-v2');
    return missing ? { kind: 'missing' } : { kind: 'broken', detail: errorMessage(error) };
  }
}

/** Opens nothing yet. */
export function createIpc(sdk: typeof Sdk, address: NucleusAddress): Ipc {
  const client = sdk.createClient({
    ...sdk.createDefaultClientConfig(),
    hostName: address.socketPath,
    connectTransform: ({ message }) =>
      Promise.resolve({ ...message, payload: JSON.stringify({ authToken: address.authToken }) }),
  });
  let end: (why: { detail: string }) => void = () => undefined;
  const ended = new Promise<{ detail: string }>((resolve) => {
    end = resolve;
  });
  client.on('disconnection', (event) => {
    end({ detail: `the nucleus closed the IPC connection (${reasonOf(event)})` });
  });
  return {
    ended,
    connect: () => client.connect().then(() => ({ kind: 'done' }), connectFailure),
    publish: ({ topic, payload, qos }) =>
      asked(() => client.publishToIoTCore({ topicName: topic, payload, qos: qosOf(sdk, qos) })),
    subscribe(filter, onMessage) {
      return asked(() => {
        const operation = client.subscribeToIoTCore({ topicName: filter, qos: qosOf(sdk, 1) });
        operation.on('message', ({ message }) => {
          if (message !== undefined) onMessage(ipcMessage(message));
        });
        const activated = operation.activate();
        // One that is refused ends as well, and may say so before its refusal arrives here.
        operation.on('ended', () => {
          const detail = `the nucleus ended the subscription to ${filter}`;
          activated.then(
            () => {
              end({ detail });
            },
            () => undefined,
          );
        });
        return activated;
      });
    },
    close: () => client.close(),
  };
}

// eventstream_rpc.RpcErrorType; that module of the package is none of those made for import.
const HANDSHAKE_ERROR = 2;
const INTERNAL_ERROR = 3;
const NETWORK_ERROR = 5;
const SERVICE_ERROR = 8;

async function asked(ask: () => Promise<unknown>): Promise<IpcAnswer> {
  try {
    await ask();
    return { kind: 'done' };
  } catch (error) {
    const { type, said, errorCode: name, serviceSaid } = rpcFailure(error);
    if (type === SERVICE_ERROR)
      return name === 'UnauthorizedError' ? { kind: 'unauthorized' } : { kind: 'refused', said: serviceSaid };
    return { kind: type === INTERNAL_ERROR && UNMODELLED.test(said) ? 'refused' : 'broken', said };
  }
}

// The nucleus did answer, with none of the shapes that the operation has (InvalidArgumentsError, InternalServerError).
const UNMODELLED = /\(response\) message was not|Unexpected response shape/;

// The nucleus closes right after its no, and the client may hear of the close first: a network error is one after the
// socket was connected, any other one is internal.
function connectFailure(error: unknown): ConnectAnswer {
  const { type, said } = rpcFailure(error);
  return type === HANDSHAKE_ERROR || type === NETWORK_ERROR
    ? { kind: 'unknownToken' }
    : { kind: 'broken', said };
}

interface RpcFailure {
  readonly type: unknown;
  readonly said: string;
  /** The client forgets the name of a service's error; the nucleus has it in the body as well. */
  readonly errorCode: unknown;
  readonly serviceSaid: string;
}

function rpcFailure(error: unknown): RpcFailure {
  const { type, internalError, serviceError } = fieldsOf(error);
  const { _errorCode, _message, message } = fieldsOf(serviceError);
  const inner = internalError === undefined ? '' : `: ${errorMessage(internalError)}`;
  const words = [message, _message].find((text) => typeof text === 'string');
  return {
    type,
    said: errorMessage(error) + inner,
    errorCode: _errorCode,
    serviceSaid: words ?? 'an error without words',
  };
}

function fieldsOf(thing: unknown): Readonly<Partial<Record<RpcField, unknown>>> {
  return typeof thing === 'object' && thing !== null ? thing : {};
}

type RpcField = 'type' | 'internalError' | 'serviceError' | '_errorCode' | '_message' | 'message' | 'reason';

function reasonOf(event: unknown): string {
  const { reason } = fieldsOf(event);
  return reason === undefined ? 'no reason given' : errorMessage(reason);
}

type QosName = Sdk.model.QOS;

function qosOf(sdk: typeof Sdk, qos: Qos): QosName {
  return qos === 0 ? sdk.model.QOS.AT_MOST_ONCE : sdk.model.QOS.AT_LEAST_ONCE;
}

function ipcMessage({ topicName, payload, retain }: Sdk.model.MQTTMessage): IpcMessage {
  return { topic: topicName, payload: bytesOf(payload), retained: retain === true };
}

/** The client's own word for bytes is text, a buffer, or a view of one. */
function bytesOf(payload: Sdk.model.MQTTMessage['payload']): Uint8Array {
  if (payload === undefined) return new Uint8Array();
  if (typeof payload === 'string') return Buffer.from(payload);
  return ArrayBuffer.isView(payload)
    ? new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    : new Uint8Array(payload);
}
