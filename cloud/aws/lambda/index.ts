// What Lambda loads: the handler for this process' environment. Everything else is in the files that it imports.
import { createLambdaLog } from './log.ts';
import { startFunction } from './start.ts';

export const handler = await startFunction(
  process.env,
  createLambdaLog((line) => process.stdout.write(line)),
);
