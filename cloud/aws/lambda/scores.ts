// Finds the one list of scores in the forms that model servers answer with; what the scores mean it does not know.

export type FoundScores =
  | { readonly kind: 'scores'; readonly scores: readonly number[]; readonly labels?: readonly string[] }
  | { readonly kind: 'malformed'; readonly detail: string };

// TensorFlow Serving (row and column format), JumpStart's image classification, and what handlers of one's own like to say.
const KEYS = ['predictions', 'outputs', 'probabilities', 'logits', 'scores'] as const;

/** A bare list, a batch of one, or either below one of the usual names; `labels` beside it names the scores. */
export function findScores(json: unknown): FoundScores {
  if (Array.isArray(json)) return listOf(json);
  if (typeof json !== 'object' || json === null) return malformed('it is neither a list nor an object');
  const fields = json as Readonly<Record<string, unknown>>;
  const key = KEYS.find((name) => name in fields);
  if (key === undefined) return malformed(`there is none of ${KEYS.join(', ')} in it`);
  const found = findScores(fields[key]);
  const { labels } = fields;
  return found.kind === 'scores' && isTexts(labels) ? { ...found, labels } : found;
}

function listOf(list: readonly unknown[]): FoundScores {
  if (list.length === 0) return malformed('its list of scores is empty');
  if (list.every((score) => typeof score === 'number')) return { kind: 'scores', scores: list };
  if (list.length === 1) return findScores(list[0]); // a batch of one
  return malformed(`its list holds ${list.length} things that are not all numbers; one picture was sent`);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function malformed(detail: string): FoundScores {
  return { kind: 'malformed', detail };
}
