// Makes the handler from an environment: the settings, the labels file, the real clients. It handles no event itself.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorMessage } from '../../../src/support/errors.ts';
import { createEndpoint } from './endpoint.ts';
import { createHandler, type Handler } from './handler.ts';
import { parseLabels } from './labels.ts';
import type { LambdaLog } from './log.ts';
import { preparePicture, prepareTensor, type Prepare } from './model-input.ts';
import { loadDecoder } from './pixels.ts';
import { createPublisher } from './publish.ts';
import { readSettings, type Environment, type ModelInput } from './settings.ts';

/** The clients take region, credentials and endpoints from the environment of the process, as AWS SDKs do. */
export async function startFunction(environment: Environment, log: LambdaLog): Promise<Handler> {
  try {
    const settings = readSettings(environment);
    const folder = environment['LAMBDA_TASK_ROOT'] ?? '.';
    return createHandler({
      settings,
      ...(settings.labelsFile === undefined
        ? {}
        : { labels: labelsIn(resolve(folder, settings.labelsFile)) }),
      prepare: await preparation(settings.input),
      invoke: createEndpoint(settings.endpointName),
      publish: createPublisher(),
      log,
    });
  } catch (error) {
    // Lambda reports a start that throws as a bare stack trace; the line says what to change, and the alarm counts it.
    log.error('function.misconfigured', { detail: errorMessage(error) });
    throw error;
  }
}

async function preparation(input: ModelInput): Promise<Prepare> {
  if (input.kind === 'image') return preparePicture;
  try {
    return prepareTensor(input.tensor, await loadDecoder());
  } catch (error) {
    throw new Error(
      `Cannot load sharp, which MODEL_INPUT=tensor needs: ${errorMessage(error)}; build the package without --without-decoder`,
      { cause: error },
    );
  }
}

function labelsIn(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(
      `Cannot read LABELS_FILE: ${errorMessage(error)}; put it into the package with \`npm run build:lambda -- --labels FILE\``,
      { cause: error },
    );
  }
  return parseLabels(text);
}
