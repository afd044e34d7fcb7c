// A child process in Lambda's place: loads the function as Lambda does, and calls its handler for each event it is sent.
import { pathToFileURL } from 'node:url';
import type { Handler } from '../../../cloud/aws/lambda/handler.ts';
import type { Invocation, Returned } from './lambda.ts';

const { handler } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as { handler: Handler };

process.on('message', (invocation: Invocation) => {
  void answer(invocation).then((returned) => process.send?.(returned));
});
process.send?.('ready');

async function answer({ id, event, remainingMs }: Invocation): Promise<Returned> {
  const endMs = performance.now() + remainingMs;
  try {
    const value = await handler(event, { getRemainingTimeInMillis: () => endMs - performance.now() });
    return { id, outcome: { kind: 'returned', value } };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, outcome: { kind: 'threw', message } };
  }
}
