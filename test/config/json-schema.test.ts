// The JSON Schema against the loader: what the loader takes the schema takes, and wrong types are refused by both.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv from 'ajv';
import { parseDocument } from '../../src/config/document.ts';
import { isRecord } from '../../src/config/format.ts';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { mergeSettings } from '../../src/config/merge.ts';
import { schemaKeys } from '../../src/config/schema.ts';
import { settingsOfFile } from '../../src/config/setting.ts';

const KEYS = schemaKeys();
const DEFAULTS = new Map([...KEYS].map(([name, { default: value }]) => [name, value]));
/** Of the maps in the fixtures: what a layer above adds. */
const PARTS: ReadonlySet<string> = new Set(['left']);
const validate = new Ajv({ allErrors: true }).compile(jsonSchema());

/** Names and values of one file by itself, as the loader sees it. */
function loaderTakes(root: Readonly<Record<string, unknown>>): boolean {
  const document = { kind: 'document', root, places: new Map() } as const;
  const { settings, problems } = settingsOfFile({ path: 'f', layer: 'local', document }, KEYS);
  const { problems: wrong } = mergeSettings(KEYS, DEFAULTS, settings);
  // A part of a map may be whole with the layers below it.
  return problems.length === 0 && wrong.every(({ key }) => isPart(root, key));
}

function isPart(root: Readonly<Record<string, unknown>>, key: string): boolean {
  const value = key.split('.').reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), root);
  return KEYS.get(key)?.format.merges === true && isRecord(value) && PARTS.has(Object.keys(value).join());
}

function nested(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return key.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Record<
    string,
    unknown
  >;
}

const layerFiles = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:json|yaml|yml)$/.test(name) && !name.endsWith('expected.json'))
    .map((name) => join(folder, name));

describe('jsonSchema()', () => {
  for (const folder of ['config', 'test/fixtures/config']) {
    for (const path of layerFiles(resolve(folder))) {
      const document = parseDocument(readFileSync(path));
      if (document.kind !== 'document') continue;
      const taken = loaderTakes(document.root);
      it(`${taken ? 'takes' : 'refuses'} ${path.slice(resolve('.').length + 1)}, as the loader does`, () => {
        assert.equal(validate(document.root), taken, JSON.stringify(validate.errors));
      });
    }
  }

  const wrong: readonly unknown[] = [[{}], [1], { x: {} }, true, 'no such word', -5, 1e300, 0.5, null, ''];
  for (const key of KEYS.keys()) {
    it(`takes no type for ${key} that the loader refuses`, () => {
      for (const value of wrong) {
        const root = nested(key, value);
        if (loaderTakes(root)) assert.equal(validate(root), true, `${JSON.stringify(value)} is taken`);
        // Which texts are a path or a topic only the loader knows in full.
        else if (typeof value !== 'string')
          assert.equal(validate(root), false, `${JSON.stringify(value)} is refused`);
      }
      assert.equal(validate(nested(key, KEYS.get(key)?.default)), true, 'its default is taken');
    });
  }

  const samples: readonly [string, unknown][] = [
    ['mqtt.url', 'wss://[::1]:443/mqtt'],
    ['mqtt.clientId', 'ü {deviceId}'],
    ['mqtt.proxyUrl', 'socks5://127.0.0.1:1080'],
    ['topics.trigger', ['$share/a/b/#', '+/x', '{deviceId}']],
    ['camera.device', '/dev/v4l/by-id/usb-046d_HD_Pro-video-index0'],
    ['camera.path', '/srv/Bilder der Gärten'],
    ['camera.controls', { 'white balance temperature, auto': -2147483647 }],
    ['image.crop', { left: 0, top: 0.25, width: 1, height: 0.75 }],
    ['results.filter', { type: 'classification', labelScore: { 'St. Bernard': 1 } }],
    ['results.actions', [{ label: 'a', minConfidence: 0, publish: 'x/{deviceId}', payload: '' }]],
    ['rollout.salt', 'spring 2026'],
  ];
  for (const [key, value] of samples) {
    it(`takes ${key}: ${JSON.stringify(value)}, as the loader does`, () => {
      assert.equal(loaderTakes(nested(key, value)), true);
      assert.equal(validate(nested(key, value)), true, JSON.stringify(validate.errors));
    });
  }

  it('refuses what it does not know, at every depth', () => {
    assert.equal(validate({ mqtt: { ulr: 'x' } }), false);
    assert.equal(validate({ mqqt: {} }), false);
    assert.equal(validate({ image: { crop: { lefd: 0 } } }), false);
  });
});
