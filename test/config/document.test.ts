// What a configuration file may hold, byte by byte.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FILE_BYTES_MAX } from '../../src/config/allowed.ts';
import { parseDocument, pathOf } from '../../src/config/document.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

describe('parseDocument()', () => {
  const refused: readonly [string, string, string][] = [
    ['an unclosed list', 'a: [', '1:5'],
    ['a key twice', 'a: 1\nb: 2\na: 3', '3:1'],
    ['a key twice in JSON', '{"a": 1, "a": 2}', '1:11'],
    ['an anchor and its alias', 'a: &x 1\nb: *x', '1:5'],
    ['a tag', 'a: !!binary aGk=', '1:4'],
    ['a function tag', 'a: !!js/function "x"', '1:4'],
    ['a key that reaches the prototype', 'a:\n  __proto__:\n    x: 1', '2:3'],
    ['a constructor key in a list', 'a:\n  - constructor: 1', '2:5'],
    ['a prototype key in JSON', '{"a": {"prototype": {}}}', '1:9'],
    ['a hexadecimal number', 'a: 0x1f', '1:4'],
    ['a number that YAML would read as 17', 'a: 017', '1:4'],
    ['not-a-number', 'a: .nan', '1:4'],
    ['a list as key', '? [x]\n: 1', '1:3'],
    ['a list at the top', '- a', ''],
    ['a text at the top', 'hello', ''],
    ['two documents', 'a: 1\n---\nb: 2', ''],
    ['a NUL', 'a: "\0"', '1:5'],
  ];
  for (const [what, text, place] of refused) {
    it(`refuses ${what} and says where`, () => {
      const document = parseDocument(bytes(text));
      assert.equal(document.kind, 'malformed');
      const [fault] = document.faults;
      assert.ok(fault);
      assert.equal(
        fault.line === undefined ? '' : `${String(fault.line)}:${String(fault.column)}`,
        place,
        fault.found,
      );
    });
  }

  it('refuses what is not UTF-8', () => {
    const document = parseDocument(Buffer.from([0x61, 0x3a, 0x20, 0xff]));
    assert.equal(document.kind, 'malformed');
  });

  it('refuses nesting deeper than 64 levels', () => {
    assert.equal(parseDocument(bytes(`a: ${'['.repeat(70)}${']'.repeat(70)}`)).kind, 'malformed');
    assert.equal(parseDocument(bytes(`a: ${'['.repeat(60)}${']'.repeat(60)}`)).kind, 'document');
  });

  it('reports several faults of one file at once', () => {
    const document = parseDocument(bytes('a: 0x1\nb: !!str x\nc: &d 1\n'));
    assert.equal(document.kind === 'malformed' && document.faults.length, 3);
  });

  const empty: readonly [string, string][] = [
    ['an empty file', ''],
    ['comments only', '# nothing\n'],
    ['a null document', '---\n...\n'],
    ['a byte order mark only', '\ufeff'],
  ];
  for (const [what, text] of empty) {
    it(`reads ${what} as an empty map`, () => {
      const document = parseDocument(bytes(text));
      assert.deepEqual(document.kind === 'document' && document.root, {});
    });
  }

  it('reads YAML, with the places of its keys', () => {
    const document = parseDocument(bytes('\ufeffa: 1\r\nb:\r\n  c: on\r\n  d: ["x", 1.5e1, null, true]\r\n'));
    assert.equal(document.kind, 'document');
    assert.deepEqual(document.root, { a: 1, b: { c: 'on', d: ['x', 15, null, true] } });
    assert.deepEqual(
      [...document.places],
      [
        ['a', { line: 1, column: 1 }],
        ['b', { line: 2, column: 1 }],
        ['b.c', { line: 3, column: 3 }],
        ['b.d', { line: 4, column: 3 }],
      ],
    );
  });

  it('tells a key with a dot from a key below a key', () => {
    const document = parseDocument(bytes('a.b: 1\na:\n  b: 2\n'));
    assert.ok(document.kind === 'document');
    assert.equal(document.places.get(pathOf('', 'a.b'))?.line, 1);
    assert.equal(document.places.get(pathOf('a', 'b'))?.line, 3);
  });

  it('reads JSON indented by tabs', () => {
    const document = parseDocument(bytes('{\n\t"a": {\n\t\t"b": "x\\u00e4"\n\t}\n}\n'));
    assert.deepEqual(document.kind === 'document' && document.root, { a: { b: 'xä' } });
  });

  it('never throws and never touches a prototype, whatever the bytes', () => {
    const text = fc.array(
      fc.constantFrom(
        'a',
        ':',
        ' ',
        '\n',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '"',
        '__proto__',
        '&x',
        '*x',
        '!',
        '#',
        '|',
        '?',
        '1',
        '\t',
      ),
    );
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      text.map((words) => bytes(words.join(''))),
      fc.json().map(bytes),
    );
    fc.assert(
      fc.property(anything, (input) => {
        const document = parseDocument(input);
        assert.ok(document.kind === 'document' || document.faults.length > 0);
        assert.equal(Object.hasOwn(Object.prototype, 'a'), false);
      }),
      { numRuns: 300 },
    );
  });

  it('takes a file that is all keys', () => {
    const text = Array.from({ length: 25_000 }, (_, at) => `${String(at)}: 1`).join('\n');
    assert.ok(text.length < FILE_BYTES_MAX);
    assert.equal(parseDocument(bytes(text)).kind, 'document');
  });
});
