// SageMaker's runtime and IoT Core's data plane as local servers, and the function between them, ready for events.
import type { Scope } from '../../helpers/scope.ts';
import { startAwsServer, type AwsReply, type AwsRequest, type AwsServer } from './aws-server.ts';
import { startLambda, type Lambda } from './lambda.ts';

export interface Published {
  readonly topic: string;
  readonly qos: string;
  readonly contentType: string;
  readonly payload: Buffer;
}

export interface FarSide {
  readonly lambda: Lambda;
  readonly endpoint: AwsServer;
  readonly dataPlane: AwsServer;
  /** What the data plane was given and did not refuse, in order. */
  readonly published: readonly Published[];
  readonly results: () => readonly unknown[];
}

export interface FarSideOptions {
  /** Of the SageMaker endpoint; default: a pug, for sure. */
  readonly model?: (request: AwsRequest, n: number) => AwsReply | Promise<AwsReply>;
  /** Of the data plane, before it takes anything. */
  readonly refusal?: (n: number) => AwsReply | undefined;
  /** Called for what the data plane takes, before it answers. */
  readonly onPublished?: (published: Published) => Promise<void>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: string;
}

export const ENDPOINT_NAME = 'mobilenet-v2';

export async function startFarSide(scope: Scope, options: FarSideOptions = {}): Promise<FarSide> {
  const { model = () => json({ label: 'pug', confidence: 0.9 }), refusal = () => undefined } = options;
  const endpoint = await startAwsServer(scope, 'sagemaker', (request, n) =>
    request.method === 'POST' && request.path === `/endpoints/${ENDPOINT_NAME}/invocations`
      ? model(request, n)
      : { status: 404, body: '' },
  );
  const published: Published[] = [];
  const dataPlane = await startAwsServer(scope, 'iotdata', async (request, n) => {
    const topic = /^\/topics\/(.+)$/.exec(request.path)?.[1];
    const refused = topic === undefined ? { status: 404, body: '' } : refusal(n);
    if (topic === undefined || refused !== undefined) return refused ?? { status: 404, body: '' };
    const { query, body: payload } = request;
    const taken = {
      ...{ topic, payload, qos: query.get('qos') ?? '', contentType: query.get('contentType') ?? '' },
    };
    published.push(taken); // before the broker has it: the daemon may log it before we hear that it was taken
    await options.onPublished?.(taken);
    return json({ message: 'OK', traceId: 'trace' });
  });
  const lambda = startLambda(
    scope,
    {
      ENDPOINT_NAME,
      AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: endpoint.url,
      AWS_ENDPOINT_URL_IOT_DATA_PLANE: dataPlane.url,
      ...options.environment,
    },
    options.file,
  );
  return {
    ...{ lambda, endpoint, dataPlane, published },
    results: () => published.map(({ payload }) => JSON.parse(payload.toString('utf8')) as unknown),
  };
}

export function json(value: unknown): AwsReply {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
