// The page of all keys is what the program prints: neither is written by hand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { showReference } from '../../src/config/show.ts';

describe('docs/configuration.md', () => {
  it('holds the table of "shutterd config show --docs"', () => {
    const page = readFileSync('docs/configuration.md', 'utf8');
    const table = /<!-- keys: begin -->\n(.*)<!-- keys: end -->/s.exec(page)?.[1];
    assert.equal(table, showReference(), 'put the output of "shutterd config show --docs" between the marks');
  });
});
