// On a link that stays up, asks again for the topic filters that were left out, once their time is over; it opens no link.
import { sleep, type Clock } from '../support/clock.ts';
import type { ConnectOutcome } from './link-parts.ts';
import { WITHHELD_MS, type Suspects } from './suspects.ts';

/** Resolves when all are subscribed or the link has ended; a filter that is still refused ends it. */
export async function retryWithheld(
  { link, subscribe }: Pick<Extract<ConnectOutcome, { kind: 'open' }>, 'link' | 'subscribe'>,
  { suspects, filters, clock }: { suspects: Suspects; filters: readonly string[]; clock: Clock },
): Promise<void> {
  const isWithheld = (topic: string): boolean =>
    suspects.withheld({ kind: 'subscribe', topic }) !== undefined;
  let missing = filters.filter(isWithheld);
  if (missing.length === 0) return;
  const over = new AbortController();
  void link.ended.then(() => {
    over.abort();
  });
  while (missing.length > 0) {
    if ((await sleep(clock, WITHHELD_MS, over.signal)) === 'aborted') return;
    const due = missing.filter((topic) => !isWithheld(topic));
    // One that fails ends the link, or leaves it as it was; either way the next connection asks for all.
    if ((await subscribe(due)) !== undefined) return;
    missing = missing.filter(isWithheld);
  }
}
