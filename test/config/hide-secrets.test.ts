// What errors and the shown configuration say of secrets that somebody wrote where none belongs: where, and not which.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withoutSecrets } from '../../src/config/hide-secrets.ts';
import { loadConfig, type LoadOutcome } from '../../src/config/load.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { explainKey, showConfig, showConfigJson } from '../../src/config/show.ts';
import { Scope } from '../helpers/scope.ts';

describe('errors of a configuration', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const wrong = [
    'mqtt: { url: "mqtt://user:hunter2@host" }',
    'mqtt: { url: "mqtts://user:hun/ter2@hunter2@host:8883" }',
    'mqtt: { url: "user:hunter2@host:1883" }',
    'mqtt: { proxyUrl: "http://user:hunter2@host:1" }',
    'mqtt: { password: hunter2 }',
    'mqtt: { passwordFile: hunter2 }',
    'mqtt: { passwort: hunter2, pwd: hunter2 }',
    'mqt: { username: me, password: hunter2, tls: { key: [hunter2] } }',
    'mqtt: { tls: { keyFile: "-----BEGIN EC PRIVATE KEY-----\\nhunter2" } }',
    'mqtt: { url: "ws://host/mqtt?token=hunter2" }',
    'camera: { url: "http://me:hunter2@camera/snap.jpg" }',
    'camera: { ulr: "http://camera/snap.jpg?user=me&password=hunter2&channel=1" }',
    'apiToken: hunter2',
    'mqtt: { password: { is: hunter2 } }',
  ];
  for (const text of wrong) {
    it(`name the place of a secret and not the secret in ${text}`, async () => {
      const outcome = await load(text);
      assert.equal(outcome.kind, 'rejected');
      const said = outcome.problems.map(formatProblem).join('\n');
      assert.match(said, /^Cannot use \w+(?:\.\w+)* of .*fleet\.yaml:1:\d+: /);
      assert.doesNotMatch(said, /hunter2/);
      assert.doesNotMatch(JSON.stringify(outcome.problems.map(({ value }) => value)), /hunter2/);
    });
  }

  it('name the place of a secret that YAML takes for a number, and not the secret', async () => {
    const outcome = await load('mqtt: { password: 0x1234567, keepaliveSeconds: 0x1e }');
    assert.equal(outcome.kind, 'rejected');
    const said = outcome.problems.map(formatProblem).join('\n');
    assert.match(said, /fleet\.yaml:1:19: a number is written "\[hidden\]"/);
    assert.match(said, /a number is written "0x1e"/);
  });

  it('still show a value that is no secret', async () => {
    const outcome = await load('mqtt: { url: "mqtt://host:99999", passwordFile: ./word, kepalive: 5 }');
    assert.equal(outcome.kind, 'rejected');
    const said = outcome.problems.map(formatProblem).join('\n');
    assert.match(said, /it is "mqtt:\/\/host:99999"/);
    assert.match(said, /it is "\.\/word"/);
    assert.match(said, /\(given is 5\)/);
  });

  it('hide no more than the secret', () => {
    assert.equal(withoutSecrets('mqtt.url', 'mqtt://me:hunter2@host:1'), 'mqtt://[hidden]@host:1');
    assert.equal(withoutSecrets('camera.url', 'http://c/?pwd=hunter2&x=1'), 'http://c/?pwd=[hidden]&x=1');
    assert.equal(withoutSecrets('mqtt.passwordFile', '/run/password'), '/run/password');
    assert.equal(withoutSecrets('mqtt.passwordFile', null), null);
    assert.deepEqual(withoutSecrets('mqtt.qos', 1), 1);
  });

  it('show() and explain() hide the password in the address of a camera', async () => {
    const loaded = await load(
      'camera: { driver: url, url: "http://camera/snap.jpg?user=me&password=hunter2&channel=1" }',
    );
    assert.equal(loaded.kind, 'loaded');
    const shown = [showConfig(loaded), showConfigJson(loaded), explainKey(loaded, 'camera.url')];
    assert.doesNotMatch(JSON.stringify(shown), /hunter2/);
    assert.match(showConfig(loaded), /snap\.jpg\?user=me&password=\[hidden\]&channel=1/);
    assert.match(loaded.config.camera.url ?? '', /hunter2/);
  });

  async function load(text: string): Promise<LoadOutcome> {
    const folder = await scope.folder();
    await writeFile(join(folder, 'fleet.yaml'), `${text}\n`);
    return loadConfig({
      ...{ paths: [folder], defaultPathMayBeAbsent: false, env: {}, hostName: 'pi-1', settings: [] },
    });
  }
});
