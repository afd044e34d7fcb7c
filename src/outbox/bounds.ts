// Decides whether one more entry may be stored; it counts, and touches nothing.
import type { DropReason } from '../domain.ts';

/** Read at each decision. */
export interface OutboxBounds {
  /** -1 = no bound; 0 = nothing is kept while offline. */
  readonly maxEntries: number;
  /** -1 = no bound. */
  readonly maxBytes: number;
  /** 0 = for ever. */
  readonly maxAgeSeconds: number;
  readonly minFreeBytes: number;
  readonly whenFull: 'dropNewest' | 'dropOldest';
}

export interface Occupancy {
  readonly entries: number;
  readonly bytes: number;
  readonly freeBytes: number;
}

export type Admission =
  | { readonly kind: 'admitted' }
  /** The oldest entry has to go first; ask again afterwards. */
  | { readonly kind: 'dropOldest'; readonly reason: DropReason }
  | { readonly kind: 'refused'; readonly reason: DropReason };

/**
 * `dropNewest` refuses the new request, `dropOldest` makes room for it, as the AWS IoT Device SDK's offline publish
 * queue defines them (DROP_NEWEST, DROP_OLDEST). A request that cannot fit an empty outbox is refused either way.
 */
export function admitEntry(
  bounds: OutboxBounds,
  occupancy: Occupancy,
  request: { readonly bytes: number; readonly online: boolean },
): Admission {
  const reason = fullFor(bounds, occupancy, request);
  if (reason === undefined) return { kind: 'admitted' };
  const freeBytes = occupancy.freeBytes + occupancy.bytes;
  const fitsEmpty = fullFor(bounds, { entries: 0, bytes: 0, freeBytes }, request) === undefined;
  return bounds.whenFull === 'dropOldest' && fitsEmpty
    ? { kind: 'dropOldest', reason }
    : { kind: 'refused', reason };
}

interface Size {
  readonly entries: number;
  readonly bytes: number;
}

export function sum(left: Size, right: Size): Size {
  return { entries: left.entries + right.entries, bytes: left.bytes + right.bytes };
}

function fullFor(
  bounds: OutboxBounds,
  occupancy: Occupancy,
  request: { readonly bytes: number; readonly online: boolean },
): DropReason | undefined {
  // Nothing kept while offline still means that each request is on disk before it is sent: one at a time.
  const maxEntries = bounds.maxEntries === 0 && request.online ? 1 : bounds.maxEntries;
  if (maxEntries >= 0 && occupancy.entries + 1 > maxEntries) return 'outboxFull';
  if (bounds.maxBytes >= 0 && occupancy.bytes + request.bytes > bounds.maxBytes) return 'outboxFull';
  if (occupancy.freeBytes - request.bytes < bounds.minFreeBytes) return 'diskFull';
  return undefined;
}
