// The labels of a model from a text file, one a line, in the order of its scores. It checks no score.

const LABELS_MAX = 100_000;

/** A line may begin with its WordNet id (`n02085620 Chihuahua`), as lists for ImageNet do. Throws where a line is empty. */
export function parseLabels(text: string): readonly string[] {
  const lines = text
    .replace(/^\ufeff/, '')
    .replace(/(?:\r?\n)+$/, '')
    .split(/\r?\n/);
  if (lines.length > LABELS_MAX)
    throw new Error(`Cannot use the labels: ${lines.length} lines, at most ${LABELS_MAX} are allowed`);
  return lines.map((line, at) => {
    const label = line.trim().replace(/^n\d{8}\s+(?=\S)/, '');
    if (label === '')
      throw new Error(`Cannot use the labels: line ${at + 1} is empty, one label a line is allowed`);
    return label;
  });
}
