// The schema as a whole: every key is documented, has a usable default, and a variable of its own.
import assert from 'node:assert/strict';
import { configOf, createSchema, SCHEMA, schemaKeys } from '../../src/config/schema.ts';
import { variableName } from '../../src/config/setting.ts';

describe('schema', () => {
  it('refuses a wrong value through convict, in our words', () => {
    assert.throws(() => configOf(new Map([['mqtt.qos', 7]])), /mqtt\.qos: allowed is 0, 1 or 2/);
  });

  it('refuses an undeclared key through convict', () => {
    assert.throws(() => configOf(new Map([['mqtt.nope', 7]])), /not declared/);
  });

  for (const [name, { doc, format, default: value }] of schemaKeys()) {
    it(`documents ${name} and gives it a default that its format accepts`, () => {
      assert.match(doc, /^\S.{10,}\.$/);
      assert.equal(format.accepts(value), true);
    });
  }

  it('gives every key a variable of its own', () => {
    const names = [...schemaKeys().keys()].map(variableName);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.includes('SHUTTERD_MQTT_TLS_CA_FILE'));
  });

  it('holds the defaults in convict, however often it is made', () => {
    createSchema();
    const config = createSchema();
    assert.equal(config.get('mqtt.url'), 'mqtt://127.0.0.1:1883');
    assert.equal(config.get('image.maxPayloadBytes'), 128_000);
  });

  it('carries maps whose keys hold dots', () => {
    const filter = { type: 'classification', labelScore: { 'St. Bernard': 0.5 } };
    assert.deepEqual(configOf(new Map([['results.filter', filter]])).results.filter, filter);
  });

  it('keeps the sections in the order of the reference', () => {
    const sections = 'device mqtt topics trigger camera image payload outbox results rollout config log';
    assert.deepEqual(Object.keys(SCHEMA), sections.split(' '));
  });
});
