// The keys of outbox, results, roll-out, configuration and log: names, formats, defaults and what they mean.
import { decimal, integer, oneOf, unsettable } from './format.ts';
import { absolutePath, saltText } from './formats.ts';
import { key } from './key.ts';
import { resultActions, resultFilter } from './map-formats.ts';

const DISK_BYTES_MAX = Number.MAX_SAFE_INTEGER;

export const outboxKeys = {
  directory: key(absolutePath, '/var/lib/shutterd/outbox', {
    doc: 'Folder of the requests not yet acknowledged.',
    defaultNote: '/var/lib/shutterd/outbox, or outbox in the state directory',
  }),
  maxEntries: key(
    integer({ min: -1, max: 1_000_000, unit: 'entries' }),
    1000,
    'The most entries; -1 is no bound, 0 keeps nothing while offline.',
  ),
  maxBytes: key(
    integer({ min: -1, max: DISK_BYTES_MAX, unit: 'bytes' }),
    268_435_456,
    'The most payload bytes of all entries together; -1 is no bound.',
  ),
  maxAgeSeconds: key(
    integer({ min: 0, max: 4_294_967_295, unit: 'seconds' }),
    0,
    'An older entry is dropped; also the message expiry. 0 keeps entries for ever.',
  ),
  minFreeBytes: key(
    integer({ min: 0, max: DISK_BYTES_MAX, unit: 'bytes' }),
    67_108_864,
    'Nothing is stored that leaves less free on the disk.',
  ),
  whenFull: key(
    oneOf('dropNewest', 'dropOldest'),
    'dropNewest',
    'dropNewest refuses what is new, dropOldest makes room.',
  ),
  drainPerSecond: key(
    decimal({ min: 0, max: 1000, unit: 'entries a second' }),
    2,
    'Pace for entries stored before the connection came online; 0 is as fast as the link.',
  ),
};

export const resultKeys = {
  timeoutSeconds: key(
    decimal({ min: 0.1, max: 86_400, unit: 'seconds' }),
    30,
    'A request without a result after this is logged as overdue.',
  ),
  filter: key(
    unsettable(resultFilter),
    null,
    'Results of other labels, or below the score of their label, are counted and not logged at info.',
  ),
  historyEntries: key(
    integer({ min: 0, max: 100_000, unit: 'entries' }),
    200,
    'Classifications kept for shutterd results.',
  ),
  actions: key(
    resultActions,
    [],
    'Messages published when a label is seen: label, minConfidence, publish, payload.',
  ),
};

export const rolloutKeys = {
  percent: key(
    decimal({ min: 0, max: 100, unit: 'percent' }),
    100,
    'Share of the fleet that takes the next/ tree.',
  ),
  salt: key(saltText, '', 'Text that decides anew which devices are in the share.'),
};

export const configKeys = {
  probationSeconds: key(
    integer({ min: 0, max: 86_400, unit: 'seconds' }),
    120,
    'How long a change of broker, topics or identity has to prove itself before it is rolled back; 0 is off.',
  ),
};

export const logKeys = {
  level: key(oneOf('debug', 'info', 'warn', 'error'), 'info', 'Least important level that is logged.'),
  format: key(oneOf('auto', 'json', 'pretty'), 'auto', 'auto is pretty on a terminal and JSON otherwise.'),
};
