// Makes every character of a text visible: what a terminal or viewer would obey or hide becomes a \u escape.

// C0 and C1 controls, line and paragraph separators, zero-width and bidirectional marks (CWE-117, CWE-150; Unicode
// Technical Report 36 names the bidirectional ones).
const INVISIBLE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** Inside a JSON text the escapes mean the same characters, so the JSON stays what it was. */
export function escapeInvisible(text: string): string {
  return text.replace(INVISIBLE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
