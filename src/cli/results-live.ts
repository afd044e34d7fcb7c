// `shutterd results --live`: prints what arrives on the response topic, whoever it is for; it keeps nothing.
import type { Config } from '../config/schema.ts';
import type { IncomingMessage } from '../domain.ts';
import { parseResult, type ParsedResult } from '../result/parse-result.ts';
import { orAborted } from '../support/abort.ts';
import { escapeInvisible } from '../support/visible-text.ts';
import { openCliLink } from './cli-link.ts';
import { EXIT, type Context } from './command.ts';
import type { Arguments } from './parse-arguments.ts';

/** Until a signal, or the `--limit`: 0. A connection that ends: 1, with its cause. */
export async function liveResults(args: Arguments, context: Context, config: Config): Promise<number> {
  const filter = config.topics.response;
  const shown = createShown(args, context);
  const link = await openCliLink(context, config, { filters: [filter], onMessage: shown.message });
  try {
    context.err(`Listening on ${filter}\n`);
    const first = await orAborted(Promise.race([link.ended, shown.enough]), context.stop);
    if (first.kind === 'aborted' || first.value === 'enough') return EXIT.ok;
    const { detail, remedy } = first.value;
    context.err(`Cannot go on listening on ${filter}: ${detail}\n${remedy}\n`);
    return EXIT.failure;
  } finally {
    await link.close();
  }
}

function createShown(
  args: Arguments,
  context: Context,
): { readonly message: (message: IncomingMessage) => void; readonly enough: Promise<'enough'> } {
  let left = Number(args.text('limit') ?? 0) || Infinity;
  let done = (): void => undefined;
  const enough = new Promise<'enough'>((resolve) => {
    done = () => {
      resolve('enough');
    };
  });
  return {
    enough,
    message({ payload }) {
      const result = parseResult(payload);
      if (left <= 0 || !isWanted(result, args.text('label'))) return;
      const receivedAt = context.clock.now().toISOString();
      context.out(args.isSet('json') ? jsonLine(receivedAt, result) : tableLine(receivedAt, result));
      left -= 1;
      if (left <= 0) done();
    },
  };
}

function isWanted(result: ParsedResult, label: string | undefined): boolean {
  if (label === undefined) return true;
  return result.kind === 'classification' && result.classification.label === escapeInvisible(label);
}

function jsonLine(receivedAt: string, result: ParsedResult): string {
  const { kind, ...said } = result;
  const flat =
    result.kind === 'classification' ? { ...result.classification, requestId: result.requestId } : said;
  return `${escapeInvisible(JSON.stringify({ receivedAt, kind, ...flat }))}\n`;
}

function tableLine(receivedAt: string, result: ParsedResult): string {
  const id = result.kind === 'invalid' ? '' : escapeInvisible(result.requestId ?? '-');
  switch (result.kind) {
    case 'classification': {
      const { label, confidence } = result.classification;
      return `${receivedAt}  ${label.padEnd(LABEL_COLUMN)}  ${confidence.toFixed(3)}  ${id}\n`;
    }
    case 'failed':
      return `${receivedAt}  failed: ${result.error}  ${id}\n`;
    case 'invalid':
      return `${receivedAt}  invalid: ${result.detail}\n`;
  }
}

const LABEL_COLUMN = 24;
