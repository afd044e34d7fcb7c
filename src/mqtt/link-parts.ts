// What one link is made from and what an attempt to open it gives; types only.
import type { Duplex } from 'node:stream';
import type { IncomingMessage, Link, LinkProblem } from '../domain.ts';
import type { Clock } from '../support/clock.ts';
import type { Session } from './packets.ts';
import type { Patience } from './patience.ts';
import type { Suspects } from './suspects.ts';

export interface LinkDeadlines {
  readonly connackMs: number;
  /** PUBACK, PUBCOMP and SUBACK, from the last byte written to the socket. */
  readonly ackMs: number;
}

export interface LinkParts {
  readonly stream: Duplex;
  readonly session: Session;
  readonly deadlines: LinkDeadlines;
  /** What the links before have learnt about large packets. */
  readonly patience: Patience;
  readonly clock: Clock;
  readonly onMessage: (message: IncomingMessage) => void;
  /** For a broker that refuses by closing; what they withhold is not sent. */
  readonly suspects?: Suspects | undefined;
}

export type ConnectOutcome =
  | {
      readonly kind: 'open';
      readonly link: Link;
      /** Subscribes to further filters. */
      readonly subscribe: (filters: readonly string[]) => Promise<LinkProblem | undefined>;
      /** What the broker takes at most; `undefined` where it named no bound. */
      readonly maximumPacketBytes: number | undefined;
    }
  | { readonly kind: 'failed'; readonly problem: LinkProblem };
