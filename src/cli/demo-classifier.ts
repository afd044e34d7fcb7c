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
    const request = JSON.parse(Buffer.from(payload).toString('utf8')) as {
      readonly image_data?: string;
      readonly request_id?: string;
    };
    const jpeg = Buffer.from(request.image_data ?? '', 'base64');
    await writeFile(path, jpeg);
    const said = (await classifyByColour(jpeg, codec)) ?? { error: 'not a picture' };
    const result = JSON.stringify({ ...said, request_id: request.request_id });
    options.broker.publish(options.response, Buffer.from(result));
  }

  options.broker.listen(options.request, (payload) => {
    count += 1;
    void answer(payload, pathOf());
  });
  return { lastPath: pathOf };
}
