// The far side of the demo: saves each request's picture, looks at it and answers. It recognises nothing.
import { join } from 'node:path';
import { writeFile } from '../support/files.ts';
import { createJpegCodec } from '../support/jpeg.ts';
import type { DemoBroker } from './demo-broker.ts';
import { classifyByColour } from './stand-in-classifier.ts';

export interface DemoClassifierOptions {
  readonly broker: DemoBroker;
  /** Where the pictures go. */
  readonly folder: string;
  /** Topic of the requests. */
  readonly request: string;
  /** Topic of the results. */
  readonly response: string;
}

export interface DemoClassifier {
  /** Where the latest picture is. */
  lastPath(): string;
}

export function startDemoClassifier(options: DemoClassifierOptions): DemoClassifier {
  const codec = createJpegCodec();
  let count = 0;
  const pathOf = (): string => join(options.folder, `picture-${String(count).padStart(3, '0')}.jpg`);

  async function answer(payload: Uint8Array, path: string): Promise<void> {
    const { jpeg, requestId } = readRequest(payload);
    await writeFile(path, jpeg);
    const said = (await classifyByColour(jpeg, codec)) ?? { error: 'not a picture' };
    const result = JSON.stringify({ ...said, request_id: requestId });
    options.broker.publish(options.response, Buffer.from(result));
  }

  options.broker.listen(options.request, (payload) => {
    count += 1;
    void answer(payload, pathOf());
  });
  return { lastPath: pathOf };
}

/** Anybody on this machine may publish on the request topic: what is no request is one without a picture. */
function readRequest(payload: Uint8Array): { readonly jpeg: Uint8Array; readonly requestId?: string } {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    json = undefined;
  }
  if (typeof json !== 'object' || json === null) return { jpeg: new Uint8Array() };
  const { image_data: image, request_id: requestId } = json as Readonly<Record<string, unknown>>;
  return {
    jpeg: Buffer.from(typeof image === 'string' ? image : '', 'base64'),
    ...(typeof requestId === 'string' ? { requestId } : {}),
  };
}
