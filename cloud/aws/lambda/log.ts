// One JSON line an outcome, as the daemon logs: `event` first, never image bytes. The template's alarms count some of them.

export interface LambdaLog {
  info(event: InfoEvent, fields: Readonly<Record<string, unknown>>): void;
  error(event: ErrorEvent, fields: Readonly<Record<string, unknown>>): void;
}

export type InfoEvent = 'request.classified' | 'request.repeated';
export type ErrorEvent =
  'request.refused' | 'request.failed' | 'result.unpublished' | 'function.misconfigured';

/** `write` gets whole lines. The console would put a time and a level in front of them, and no filter could read them. */
export function createLambdaLog(write: (line: string) => void): LambdaLog {
  const at =
    (level: 'info' | 'error') =>
    (event: string, fields: Readonly<Record<string, unknown>>): void => {
      write(`${JSON.stringify({ level, event, ...fields })}\n`);
    };
  return { info: at('info'), error: at('error') };
}
