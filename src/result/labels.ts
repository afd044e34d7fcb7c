// Finds the labels in the forms that classifiers publish, each with its confidence; it judges neither.

export interface FoundLabel {
  readonly label: unknown;
  readonly confidence: unknown;
}

/**
 * Our own `{label, confidence}`; the `{label, score}` of DL Streamer's classification metadata; a list of either, as
 * image classification models give their best few; and DL Streamer Pipeline Server's detection metadata,
 * `predictions.annotations[].labels[]` of `{name, probability}` ("MQTT Publishing", "Metadata filtering").
 */
export function labelsIn(json: object): readonly FoundLabel[] {
  if (Array.isArray(json)) return json.map(labelOf);
  const { label, predictions } = json as Fields;
  return label === undefined && isObject(predictions) ? detected(predictions) : [labelOf(json)];
}

type Fields = Readonly<Record<string, unknown>>;

function labelOf(value: unknown): FoundLabel {
  if (!isObject(value)) return { label: undefined, confidence: undefined };
  const { label, confidence, score } = value;
  return { label, confidence: confidence === undefined ? score : confidence };
}

function detected(predictions: Fields): readonly FoundLabel[] {
  return listed(predictions['annotations'])
    .flatMap(({ labels }) => listed(labels))
    .map(({ name, probability }) => ({ label: name, confidence: probability }));
}

function listed(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
