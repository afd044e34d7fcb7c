// --broker and --device-id in local.yaml: what is written, what is refused, what stays as it was. The program is the real one.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../house/repository-root.ts';
import { bash, type Ended } from './sealed-tree.ts';

describe('install.sh --broker --device-id', () => {
  let root = '';
  let local = '';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'shutterd configure '));
    mkdirSync(join(root, 'opt/shutterd/1/bin'), { recursive: true });
    mkdirSync(join(root, 'etc/shutterd'), { recursive: true });
    writeFileSync(
      join(root, 'opt/shutterd/1/bin/shutterd'),
      `#!/bin/sh\nexec "${process.execPath}" "${join(repositoryRoot(), 'dist/src/main.js')}" "$@"\n`,
      { mode: 0o755 },
    );
    local = join(root, 'etc/shutterd/local.yaml');
  });

  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  function configure(broker: string, deviceId = ''): Ended {
    return bash(
      'cd "$1"; for part in setup install/paths install/configure; do source "scripts/$part.sh"; done; use_root "$2"; placed=1 broker=$3 device_id=$4; set_local',
      [repositoryRoot(), root, broker, deviceId],
    );
  }

  const cases: readonly { says: string; before: string; after: string }[] = [
    {
      says: 'adds what is not there',
      before: '# mine\ntrigger:\n  everySeconds: 60\n',
      after: '# mine\ntrigger:\n  everySeconds: 60\nmqtt:\n  url: "mqtt://h:1"\ndevice:\n  id: "pi-1"\n',
    },
    {
      says: 'takes the place of old values and leaves all else',
      before:
        'mqtt:\n    # the broker\n    url: mqtt://old:1883 # old\n    username: me\ndevice: # who\n  id: old\n',
      after:
        'mqtt:\n    # the broker\n    url: "mqtt://h:1"\n    username: me\ndevice: # who\n  id: "pi-1"\n',
    },
    {
      says: 'fills a section that holds nothing',
      before: 'mqtt:\n\ntrigger:\n  everySeconds: 60\n',
      after: 'mqtt:\n\n  url: "mqtt://h:1"\ntrigger:\n  everySeconds: 60\ndevice:\n  id: "pi-1"\n',
    },
  ];
  for (const { says, before, after } of cases)
    it(says, () => {
      writeFileSync(local, before);
      const { status, output } = configure('mqtt://h:1', 'pi-1');
      assert.equal(status, 0, output);
      assert.equal(readFileSync(local, 'utf8'), after);
    });

  it('makes local.yaml where there is none', () => {
    assert.equal(configure('mqtts://broker.example:8883').status, 0);
    assert.match(readFileSync(local, 'utf8'), /^ {2}url: "mqtts:\/\/broker\.example:8883"$/m);
  });

  for (const [says, before] of [
    ['a flow mapping', 'mqtt: {url: mqtt://old:1883}\n'],
    ['a file that was wrong before', 'mqtt:\n  nonsense: 1\n'],
  ] as const)
    it(`leaves the file as it was and says why: ${says}`, () => {
      writeFileSync(local, before);
      const { status, output } = configure('mqtt://h:1');
      assert.equal(status, 1);
      assert.match(output, /^Cannot change .*local\.yaml: .*edit the file by hand$/m);
      assert.match(output, /^Cannot (read|use) .*etc\/shutterd\/local\.yaml:\d+:\d+: /m);
      assert.equal(readFileSync(local, 'utf8'), before);
    });

  for (const [broker, deviceId] of [
    ['broker', ''],
    ['http://broker', ''],
    ['mqtt://h/"x', ''],
    ['', 'a b'],
    ['', 'ä'],
  ] as const)
    it(`refuses ${broker === '' ? `--device-id ${deviceId}` : `--broker ${broker}`}`, () => {
      const { status, output } = configure(broker, deviceId);
      assert.equal(status, 1, output);
      assert.equal(existsSync(local), false);
    });

  it('names the file that has the place of local.yaml', () => {
    writeFileSync(join(root, 'etc/shutterd/local.json'), '{}');
    const { status, output } = configure('mqtt://h:1');
    assert.equal(status, 1);
    assert.match(output, /local\.json has this place; set mqtt\.url there$/m);
  });
});
