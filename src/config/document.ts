// Reads the bytes of one configuration file, JSON or YAML, into plain data with line numbers. It is the only importer of
// js-yaml, takes what JSON can say and nothing more, and never builds an object from a tag.
import {
  boolCoreTag,
  EVENT_ID,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
  type Event,
  type ScalarEvent,
} from 'js-yaml';
import { errorCode } from '../support/errors.ts';
import { ALLOWED, DEPTH_MAX } from './allowed.ts';
import { isRecord, isSafeName } from './format.ts';
import { positionIn, startsOfLines, type Place } from './text-position.ts';
import { shownValue } from './problem.ts';

/** One thing in a file that stands in the way of reading it. */
export interface Fault {
  /** From 1; absent where the file as a whole is meant. */
  readonly line?: number;
  readonly column?: number;
  readonly found: string;
  readonly allowed: string;
}

export type Document =
  | {
      readonly kind: 'document';
      readonly root: Readonly<Record<string, unknown>>;
      /** Where the keys stand, by `pathOf`. */
      readonly places: ReadonlyMap<string, Place>;
    }
  | { readonly kind: 'malformed'; readonly faults: readonly Fault[] };

/** The path of a key below `parent` (empty at the top): `b` below `a` is `a.b`, and the one key `a.b` is `a\\.b`. */
export function pathOf(parent: string, name: string): string {
  const escaped = name.replaceAll('.', '\\.');
  return parent === '' ? escaped : `${parent}.${escaped}`;
}

/** Never throws, whatever the bytes. An empty file is an empty map. */
export function parseDocument(bytes: Uint8Array): Document {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes); // drops a byte order mark
  } catch (error) {
    if (errorCode(error) !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw error;
    return { kind: 'malformed', faults: [{ found: 'it is not UTF-8', allowed: ALLOWED.encoding }] };
  }
  try {
    return new DocumentReader(text, parseEvents(text, { maxDepth: DEPTH_MAX })).read();
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const at = mark === undefined ? {} : { line: mark.line + 1, column: mark.column + 1 };
    return {
      kind: 'malformed',
      faults: [{ ...at, found: reason, allowed: ALLOWED.syntax }],
    };
  }
}

// Enough to mend a file by; the rest of a file that is no configuration at all helps nobody.
const FAULTS_MAX = 20;
// JSON's own grammar: YAML would also read 0x1f, 017 (as 17), +1, .5, .inf and .nan.
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const END: Event = { type: EVENT_ID.POP };

// A walk over js-yaml's events instead of its `load`: they carry positions, and nothing is built that is not built here.
class DocumentReader {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #lineStarts: readonly number[];
  readonly #places = new Map<string, Place>();
  readonly #faults: Fault[] = [];
  #next = 0;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
    this.#lineStarts = startsOfLines(text);
  }

  read(): Document {
    const root = this.#events.length === 0 ? null : this.#document();
    if (root !== null && !isRecord(root)) {
      this.#faults.push({ found: 'its top level is no map', allowed: ALLOWED.topLevel });
    }
    if (this.#faults.length > 0) return { kind: 'malformed', faults: this.#faults.slice(0, FAULTS_MAX) };
    return { kind: 'document', root: isRecord(root) ? root : {}, places: this.#places };
  }

  #document(): unknown {
    this.#take(); // its beginning
    const root = this.#value('');
    this.#take(); // its end
    if (this.#next < this.#events.length) {
      this.#faults.push({ found: 'it holds several documents', allowed: ALLOWED.oneDocument });
    }
    return root;
  }

  #value(path: string): unknown {
    const event = this.#take();
    switch (event.type) {
      case EVENT_ID.MAPPING:
        this.#refuseExtras(event);
        return this.#map(path);
      case EVENT_ID.SEQUENCE:
        this.#refuseExtras(event);
        return this.#list(path);
      case EVENT_ID.SCALAR:
        this.#refuseExtras(event);
        return this.#scalar(event, path);
      case EVENT_ID.ALIAS:
        this.#refuse(event.anchorStart, 'there is an alias (*)', ALLOWED.noAlias);
        return null;
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
        throw new TypeError('Cannot read a document: an event stands where a value belongs');
    }
  }

  #map(path: string): unknown {
    const entries = new Map<string, unknown>();
    while (!this.#atEnd()) {
      const { name, start } = this.#key();
      const inner = pathOf(path, name);
      if (entries.has(name))
        this.#refuse(start, `the key ${shownValue('', name)} is there twice`, ALLOWED.keyOnce);
      if (!isSafeName(name)) this.#refuse(start, `a key is named ${name}`, ALLOWED.safeName);
      if (!this.#places.has(inner)) this.#places.set(inner, positionIn(this.#lineStarts, start));
      entries.set(name, this.#value(inner));
    }
    this.#take();
    return Object.fromEntries(entries); // defines own properties, whatever their names
  }

  #key(): { readonly name: string; readonly start: number } {
    const event = this.#events[this.#next] ?? END;
    if (event.type === EVENT_ID.SCALAR) {
      this.#take();
      this.#refuseExtras(event);
      return { name: event.valueStart < 0 ? '' : getScalarValue(this.#text, event), start: event.valueStart };
    }
    const start = 'start' in event ? event.start : 'anchorStart' in event ? event.anchorStart : 0;
    this.#refuse(start, 'a key is a list, a map or an alias', ALLOWED.textKey);
    this.#value('');
    return { name: '', start };
  }

  #list(path: string): unknown {
    const items: unknown[] = [];
    while (!this.#atEnd()) items.push(this.#value(path));
    this.#take();
    return items;
  }

  #scalar(event: ScalarEvent, path: string): unknown {
    if (event.valueStart < 0) return null;
    const text = getScalarValue(this.#text, event);
    if (event.style !== SCALAR_STYLE.PLAIN) return text;
    for (const tag of [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag]) {
      const value: unknown = tag.resolve(text, false, tag.tagName);
      if (value === NOT_RESOLVED) continue;
      if (typeof value !== 'number' || JSON_NUMBER.test(text)) return value;
      this.#refuse(event.valueStart, `a number is written ${shownValue(path, text)}`, ALLOWED.decimal);
    }
    return text;
  }

  #refuseExtras(event: { readonly anchorStart: number; readonly tagStart: number }): void {
    if (event.anchorStart >= 0) this.#refuse(event.anchorStart, 'there is an anchor (&)', ALLOWED.plainValue);
    if (event.tagStart >= 0) this.#refuse(event.tagStart, 'there is a tag (!)', ALLOWED.plainValue);
  }

  #refuse(start: number, found: string, allowed: string): void {
    this.#faults.push({ ...positionIn(this.#lineStarts, start), found, allowed });
  }

  #atEnd(): boolean {
    return (this.#events[this.#next] ?? END).type === EVENT_ID.POP;
  }

  #take(): Event {
    const event = this.#events[this.#next] ?? END;
    this.#next += 1;
    return event;
  }
}
