// Reads the function's settings from its environment, all mistakes at once. It is called once, when the function starts.
import { topicProblem } from './topics.ts';

export interface Settings {
  readonly endpointName: string;
  /** Of requests; names the level that holds the device where the rule is one for a fleet. */
  readonly requestTopic: string;
  readonly responseTopic: string;
  readonly input: ModelInput;
  readonly output: 'label' | 'probabilities' | 'logits';
  /** One label a line, in the order of the scores. */
  readonly labelsFile?: string;
  /** For all attempts at one request together. */
  readonly endpointTimeoutSeconds: number;
}

/** What the endpoint is given: the JPEG as it came, or numbers. */
export type ModelInput =
  | { readonly kind: 'image'; readonly contentType: string }
  | { readonly kind: 'tensor'; readonly contentType: string; readonly tensor: TensorSettings };

export interface TensorSettings {
  readonly normalisation: 'minusOneToOne' | 'imageNet';
  readonly layout: 'NHWC' | 'NCHW';
  /** `stretch` to the square; or `crop`: the shorter side to 256, and the middle of it. */
  readonly fit: 'stretch' | 'crop';
  readonly format: 'instances' | 'list' | 'npy';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws an Error that lists every setting that is wrong. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const read = createReader(environment, problems);
  const endpointName = read.text('ENDPOINT_NAME', '');
  if (!/^[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}$/.test(endpointName))
    problems.push(`ENDPOINT_NAME is "${endpointName}", the name of a SageMaker endpoint is allowed`);
  const labelsFile = read.text('LABELS_FILE', '');
  const settings: Settings = {
    endpointName,
    requestTopic: read.topic('REQUEST_TOPIC', 'device/image/request'),
    responseTopic: read.topic('RESPONSE_TOPIC', 'device/image/response'),
    input: readInput(read),
    output: read.word('MODEL_OUTPUT', ['label', 'probabilities', 'logits']),
    ...(labelsFile === '' ? {} : { labelsFile }),
    endpointTimeoutSeconds: read.seconds('ENDPOINT_TIMEOUT_SECONDS', { usual: 20, max: 60 }),
  };
  if (problems.length > 0) throw new Error(`Cannot start the function: ${problems.join('; ')}`);
  return settings;
}

interface Reader {
  text(name: string, usual: string): string;
  /** The first word is the usual one. */
  word<W extends string>(name: string, words: readonly [W, ...W[]]): W;
  topic(name: string, usual: string): string;
  seconds(name: string, bounds: { usual: number; max: number }): number;
}

/** CloudFormation passes a parameter that was left empty as an empty text. */
function createReader(environment: Environment, problems: string[]): Reader {
  const text = (name: string, usual: string): string => {
    const value = environment[name]?.trim() ?? '';
    return value === '' ? usual : value;
  };
  return {
    text,
    word(name, words) {
      const value = text(name, words[0]);
      const found = words.find((word) => word === value);
      if (found === undefined) problems.push(`${name} is "${value}", allowed is ${words.join(', ')}`);
      return found ?? words[0];
    },
    topic(name, usual) {
      const value = text(name, usual);
      const problem = topicProblem(value);
      if (problem !== undefined) problems.push(`${name} is "${value}", ${problem}`);
      return value;
    },
    seconds(name, { usual, max }) {
      const value = text(name, String(usual));
      const seconds = /^\d{1,4}$/.test(value) ? Number(value) : 0;
      if (seconds < 1 || seconds > max)
        problems.push(`${name} is "${value}", a whole number from 1 to ${max} is allowed`);
      return seconds;
    },
  };
}

/** Layout and fit follow from the normalisation, as the two families of models have them. */
function readInput(read: Reader): ModelInput {
  const kind = read.word('MODEL_INPUT', ['image', 'tensor']);
  const normalisation = read.word('TENSOR_NORMALISATION', ['minusOneToOne', 'imageNet']);
  const isKeras = normalisation === 'minusOneToOne';
  const format = read.word('TENSOR_FORMAT', ['instances', 'list', 'npy']);
  const layout = read.word('TENSOR_LAYOUT', isKeras ? ['NHWC', 'NCHW'] : ['NCHW', 'NHWC']);
  const fit = read.word('TENSOR_FIT', isKeras ? ['stretch', 'crop'] : ['crop', 'stretch']);
  if (kind === 'image') return { kind, contentType: read.text('CONTENT_TYPE', 'application/x-image') };
  const contentType = read.text('CONTENT_TYPE', format === 'npy' ? 'application/x-npy' : 'application/json');
  return { kind, contentType, tensor: { normalisation, layout, fit, format } };
}
