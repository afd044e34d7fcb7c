// A local HTTP server in the place of an AWS service: one function says what it answers. It checks that requests are signed.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../helpers/scope.ts';

export interface AwsRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** `hang` leaves the request without an answer, `reset` cuts its connection. */
export type AwsReply =
  | 'hang'
  | 'reset'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string | Uint8Array;
    };

export interface AwsServer {
  readonly url: string;
  /** All that came, in order. */
  readonly requests: readonly AwsRequest[];
}

export async function startAwsServer(
  scope: Scope,
  service: string,
  answer: (request: AwsRequest, n: number) => AwsReply | Promise<AwsReply>,
): Promise<AwsServer> {
  const requests: AwsRequest[] = [];
  const server = createServer((incoming, response) => {
    void read(incoming).then(async (request) => {
      requests.push(request);
      const reply = isSigned(request, service) ? await answer(request, requests.length) : UNSIGNED;
      send(reply, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** An error as the services with REST and JSON write it: the name in a header, the message in the body. */
export function awsError(status: number, type: string, fields: Readonly<Record<string, unknown>>): AwsReply {
  return {
    status,
    headers: { 'x-amzn-errortype': type, 'content-type': 'application/json', 'x-amzn-requestid': 'r-1' },
    body: JSON.stringify(fields),
  };
}

const UNSIGNED = awsError(403, 'MissingAuthenticationTokenException', {
  message: 'Missing Authentication Token',
});

/** Signature Version 4 names the region and the service it is for. */
function isSigned({ headers }: AwsRequest, service: string): boolean {
  const scoped = new RegExp(
    `^AWS4-HMAC-SHA256 Credential=\\w+/\\d{8}/eu-central-1/${service}/aws4_request, `,
  );
  return scoped.test(headers.authorization ?? '');
}

async function read(incoming: IncomingMessage): Promise<AwsRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://local');
  return {
    method: incoming.method ?? '',
    path: pathname.split('/').map(decodeURIComponent).join('/'),
    query: searchParams,
    headers: incoming.headers,
    body: Buffer.concat(pieces),
  };
}

function send(reply: AwsReply, response: ServerResponse): void {
  if (reply === 'hang') return;
  if (reply === 'reset') {
    response.destroy();
    return;
  }
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body);
}
