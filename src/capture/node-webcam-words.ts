// Takes fswebcam's own words out of what child_process.exec reports; it names no cause.

/** What fswebcam said, or one sentence on how it ended where it said nothing. `command`: what was handed to exec. */
export function wordsOf(error: unknown, command: string): string {
  if (!(error instanceof Error)) return String(error);
  const { code, signal }: Error & { readonly code?: unknown; readonly signal?: unknown } = error;
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'more words than can be read';
  const head = `Command failed: ${command}`;
  if (!error.message.startsWith(head)) return error.message;
  const said = error.message.slice(head.length).trim();
  if (said !== '') return said;
  if (typeof signal === 'string') return `nothing, and was ended by ${signal}`;
  return typeof code === 'number' ? `nothing, and ended with ${String(code)}` : '';
}
