// new-thing.sh with a stand-in for the AWS command line that records its calls and answers in its words; no AWS is asked.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { loadConfig } from '../../../src/config/load.ts';
import { repositoryRoot } from '../../house/repository-root.ts';
import { runChild, type Ran } from '../../helpers/child.ts';
import { Scope } from '../../helpers/scope.ts';

const ARN = 'arn:aws:iot:eu-central-1:123456789012:cert/c0ffee';

/** One line a call; FAIL names the operation that AWS refuses. */
const AWS = `#!/usr/bin/env bash
printf '%s\\n' "$*" >>"$CALLS"
if [[ $2 == "$FAIL" ]]; then
  printf '\\nAn error occurred (UnauthorizedException) when calling the %s operation: no\\n' "$2" >&2
  exit 254
fi
file_of() { while (($# > 1)); do [[ $1 != "$flag" ]] || printf '%s' "$2"; shift; done; }
case "$1 $2" in
  'cloudformation describe-stacks')
    printf 'PolicyName\\tshutterd-CameraPolicy-1\\nRequestTopic\\tdevice/{deviceId}/image/request\\n'
    printf 'ResponseTopic\\tdevice/{deviceId}/image/response\\nThingName\\t%s\\n' "\${ONLY:-any}" ;;
  'iot describe-endpoint') echo example-ats.iot.eu-central-1.amazonaws.com ;;
  'iot describe-thing')
    [[ -z $EXISTS ]] || { echo arn:aws:iot:eu-central-1:123456789012:thing/pi-1; exit 0; }
    printf '\\nAn error occurred (ResourceNotFoundException) when calling the DescribeThing operation: not found\\n' >&2
    exit 254 ;;
  'iot create-keys-and-certificate')
    flag=--certificate-pem-outfile; printf 'certificate\\n' >"$(file_of "$@")"
    flag=--private-key-outfile; printf 'private key\\n' >"$(file_of "$@")"
    printf '${ARN}\\tc0ffee\\n' ;;
esac
`;

describe('new-thing.sh', () => {
  const scope = new Scope();
  let folder: string;
  let out: string;

  beforeEach(async () => {
    folder = await scope.folder();
    out = join(folder, 'etc');
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'calls'), '');
    await writeFile(join(folder, 'root.pem'), amazonRoot());
    await program('aws', AWS);
    // Where this machine has the root certificate itself, nothing is fetched.
    await program('curl', `#!/usr/bin/env bash\ncp "$ROOT" "$3"\n`);
  });
  afterEach(() => scope.end());

  const program = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, 'bin', name), text);
    await chmod(join(folder, 'bin', name), 0o755);
  };
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    runChild(scope, {
      file: join(repositoryRoot(), 'cloud/aws/new-thing.sh'),
      args: [...args, '--out', out],
      env: {
        PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        ...{ CALLS: join(folder, 'calls'), ROOT: join(folder, 'root.pem'), FAIL: '', EXISTS: '', ...env },
      },
    });
  /** Without what only asks. */
  const changes = async (): Promise<string[]> => {
    const lines = (await readFile(join(folder, 'calls'), 'utf8')).split('\n');
    return lines.flatMap((line) => /^iot (?!describe)(\S+)/.exec(line)?.slice(1, 2) ?? []);
  };
  const modeOf = async (name: string): Promise<string> =>
    ((await stat(join(out, name))).mode & 0o7777).toString(8);

  it('makes thing, certificate and attachments, and files that the daemon takes', async () => {
    const { code, out: said, err } = await run(['pi-1', '--port', '443']);
    assert.equal(code, 0, err);
    assert.match(said, /^thing pi-1: /);
    assert.deepEqual(await changes(), [
      ...['create-thing', 'create-keys-and-certificate', 'attach-thing-principal', 'attach-policy'],
    ]);
    const calls = await readFile(join(folder, 'calls'), 'utf8');
    assert.match(
      calls,
      /attach-thing-principal --thing-name pi-1 --principal \S+cert\/c0ffee --thing-principal-type EXCLUSIVE_THING/,
    );
    assert.match(calls, /attach-policy --policy-name shutterd-CameraPolicy-1 --target \S+cert\/c0ffee /);
    assert.equal(await readFile(join(out, 'private/pi-1.key'), 'utf8'), 'private key\n');
    assert.equal(await readFile(join(out, 'tls/pi-1.pem'), 'utf8'), 'certificate\n');
    assert.deepEqual(await readdir(join(out, 'private')), ['pi-1.key']);
    const modes = [
      'private',
      'private/pi-1.key',
      'tls',
      'tls/pi-1.pem',
      'tls/AmazonRootCA1.pem',
      'local.yaml',
    ];
    assert.deepEqual(await Promise.all(modes.map(modeOf)), ['700', '600', '755', '644', '644', '644']);
    const loaded = await loadConfig({
      ...{ paths: [out], defaultPathMayBeAbsent: false, env: {}, hostName: 'other', settings: [] },
    });
    assert.ok(loaded.kind === 'loaded', JSON.stringify(loaded));
    const { device, mqtt, topics } = loaded.config;
    assert.equal(device.id, 'pi-1');
    assert.deepEqual(
      [mqtt.broker, mqtt.url],
      ['aws', 'mqtts://example-ats.iot.eu-central-1.amazonaws.com:443'],
    );
    assert.equal(mqtt.tls.keyFile, '/run/credentials/shutterd.service/tls_pi-1.key');
    assert.deepEqual(
      [topics.request, topics.response],
      ['device/pi-1/image/request', 'device/pi-1/image/response'],
    );
    const root = new X509Certificate(await readFile(join(out, 'tls/AmazonRootCA1.pem')));
    assert.match(root.subject, /Amazon Root CA 1/);
  });

  it('changes nothing with --dry-run, and prints what it would', async () => {
    const { code, out: said } = await run(['pi-1', '--dry-run']);
    assert.equal(code, 0);
    assert.deepEqual(await changes(), []);
    await assert.rejects(stat(out), { code: 'ENOENT' });
    assert.match(said, /aws iot attach-policy --policy-name shutterd-CameraPolicy-1/);
    assert.match(said, /^ {2}url: mqtts:\/\/example-ats\.iot\.eu-central-1\.amazonaws\.com:8883$/m);
  });

  for (const name of ['local.yaml', 'tls/pi-1.pem', 'private/pi-1.key']) {
    it(`overwrites no ${name}, and asks AWS nothing`, async () => {
      await mkdir(join(out, name, '..'), { recursive: true });
      await writeFile(join(out, name), 'mine');
      const { code, err } = await run(['pi-1']);
      assert.equal(code, 1);
      assert.match(err, /^Cannot write .*: it exists, and nothing is overwritten/);
      assert.equal(await readFile(join(out, name), 'utf8'), 'mine');
      assert.equal(await readFile(join(folder, 'calls'), 'utf8'), '');
    });
  }

  const refusals: readonly (readonly [says: string, env: Record<string, string>, err: RegExp])[] = [
    ['a thing that exists', { EXISTS: 'yes' }, /^Cannot create thing pi-1: it exists \(arn:.*thing\/pi-1\)/],
    [
      'a stack for another thing',
      { ONLY: 'pi-2' },
      /^Cannot create thing pi-1: the stack shutterd is for pi-2 alone/,
    ],
    [
      'a stack that cannot be read',
      { FAIL: 'describe-stacks' },
      /Cannot read the stack shutterd: the AWS command line says why$/,
    ],
    ['no right to look', { FAIL: 'describe-thing' }, /^Cannot look for thing pi-1: .*UnauthorizedException/s],
  ];
  for (const [says, env, expected] of refusals) {
    it(`changes nothing for ${says}`, async () => {
      const { code, err } = await run(['pi-1'], env);
      assert.equal(code, 1);
      assert.match(err, expected);
      assert.deepEqual(await changes(), []);
      await assert.rejects(stat(join(out, 'private')), { code: 'ENOENT' });
    });
  }

  const takenBack: Readonly<Record<string, readonly string[]>> = {
    'create-thing': [],
    'create-keys-and-certificate': ['delete-thing'],
    'attach-thing-principal': ['update-certificate', 'delete-certificate', 'delete-thing'],
    'attach-policy': ['detach-thing-principal', 'update-certificate', 'delete-certificate', 'delete-thing'],
  };
  for (const [operation, undone] of Object.entries(takenBack)) {
    it(`takes back what it made when AWS refuses ${operation}`, async () => {
      const { code, err } = await run(['pi-1'], { FAIL: operation });
      assert.equal(code, 1);
      assert.match(err, /UnauthorizedException.*: the AWS command line says why/s);
      const made = await changes();
      assert.deepEqual(made.slice(made.indexOf(operation) + 1), undone);
      assert.deepEqual(await readdir(join(out, 'private')), []);
      await assert.rejects(stat(join(out, 'local.yaml')), { code: 'ENOENT' });
    });
  }

  for (const [says, args, expected] of [
    ['no name', [], /^Cannot create a thing: it has no name/],
    ['a name that AWS does not take', ['pi.1'], /^Cannot create thing pi\.1: 1 to 117 letters/],
    ['a name with an argument in it', ['pi-1;reboot'], /^Cannot create thing pi-1;reboot: /],
    ['two names', ['a', 'b'], /^Cannot use b: one thing at a time/],
    ['another port', ['a', '--port', '1883'], /^Cannot use --port 1883/],
    ['an unknown flag', ['a', '--force'], /^Cannot use --force: there is no such flag/],
  ] as const) {
    it(`ends with 2 and the usage for ${says}`, async () => {
      const { code, err } = await run(args);
      assert.equal(code, 2);
      assert.match(err, expected);
      assert.match(err, /^Usage: new-thing\.sh NAME/m);
    });
  }
});

function amazonRoot(): string {
  const found = rootCertificates.find((pem) => new X509Certificate(pem).subject.includes('Amazon Root CA 1'));
  assert.ok(found !== undefined);
  return `${found}\n`;
}
