// Reads the value of --timeout; it waits for nothing.

/** What the flag is for, where a command has it. */
export const WAIT_SECONDS = 30;
const WAIT_SECONDS_MAX = 86_400;

export type WaitSeconds =
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'wrong'; readonly message: string };

export function waitSeconds(text = String(WAIT_SECONDS)): WaitSeconds {
  const seconds = Number(text);
  return seconds > 0 && seconds <= WAIT_SECONDS_MAX
    ? { kind: 'seconds', seconds }
    : {
        kind: 'wrong',
        message: `Cannot wait ${text} seconds: allowed is above 0, up to ${WAIT_SECONDS_MAX}`,
      };
}
