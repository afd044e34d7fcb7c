// Cuts what comes through the helper's pipes into lines of bounded length; it knows nothing of what they say.

/** Takes text as it arrives. `onLine` gets each whole line, `undefined` for one that was longer than `charactersMax`. */
export function createLineSplitter(
  charactersMax: number,
  onLine: (line: string | undefined) => void,
): (text: string) => void {
  let rest = '';
  let tooLong = false;
  return (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      onLine(tooLong || line.length > charactersMax ? undefined : line);
      tooLong = false;
    }
    if (rest.length <= charactersMax) return;
    rest = '';
    tooLong = true;
  };
}
