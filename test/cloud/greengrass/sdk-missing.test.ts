// A shutterd that was installed without the optional SDK: it works, and says what it lacks where the SDK is asked for.
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runChild, type Ran } from '../../helpers/child.ts';
import { Scope } from '../../helpers/scope.ts';

const SDK = 'aws-iot-device-sdk-v2';

describe('shutterd without aws-iot-device-sdk-v2', () => {
  const scope = new Scope();
  let folder = '';
  before(async () => {
    folder = await scope.folder();
    await cp(resolve('dist/src'), join(folder, 'dist/src'), { recursive: true });
    await cp(resolve('package.json'), join(folder, 'package.json'));
    await mkdir(join(folder, 'node_modules'));
    for (const name of await readdir(resolve('node_modules')))
      if (name !== SDK) await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
  });
  after(() => scope.end());

  const trigger = (transport: string): Promise<Ran> =>
    runChild(scope, {
      file: process.execPath,
      args: [
        ...[join(folder, 'dist/src/main.js'), 'trigger', '--set', `mqtt.transport=${transport}`],
        ...['--set', 'mqtt.url=mqtt://127.0.0.1:1', '--set', 'device.id=pi-test'],
      ],
      env: {
        ...{ HOME: folder, AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: join(folder, 'ipc.socket') },
        ...{ SVCUID: 'token', AWS_IOT_THING_NAME: 'pi-test' },
      },
    });

  it('names it and the command that installs it, with mqtt.transport greengrass', async () => {
    const { code, err } = await trigger('greengrass');
    assert.equal(code, 1);
    assert.match(err, /the package aws-iot-device-sdk-v2 is not installed/);
    assert.match(err, /npm install --no-save aws-iot-device-sdk-v2/);
    assert.doesNotMatch(err, /mqtt\.url/);
  });

  it('does not miss it with mqtt.transport mqtt', async () => {
    const { code, err } = await trigger('mqtt');
    assert.equal(code, 1);
    assert.match(err, /^Cannot reach broker mqtt:\/\/127\.0\.0\.1:1: ECONNREFUSED/);
  });
});
