// The name of a device that nobody has named.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  componentIdentity,
  defaultDeviceId,
  machineIdentity,
  type MachineFacts,
} from '../../src/config/identity.ts';

const MACHINE_ID = '0123456789abcdef0123456789abcdef';
const HASHED = createHash('sha256').update(MACHINE_ID).digest('hex').slice(-6);

describe('defaultDeviceId()', () => {
  const unnamed: readonly [string, MachineFacts][] = [
    ['without serial number and machine id', { hostName: 'raspberrypi' }],
    ['with a serial number of zeros', { hostName: 'localhost', piSerial: '0000000000000000' }],
    ['with a machine id that is not set yet', { hostName: 'raspberrypi', machineId: 'uninitialized' }],
    ['without any host name', { hostName: '' }],
  ];
  for (const [what, facts] of unnamed) {
    it(`names nothing ${what}, and says the remedy`, () => {
      const identity = defaultDeviceId(facts);
      assert.equal(identity.kind, 'unnamed');
      assert.match(identity.allowed, /device\.id/);
    });
  }

  const named: readonly [string, MachineFacts, string][] = [
    ['a host name of its own', { hostName: 'pi400-lab-1', piSerial: '10000000abcdef12' }, 'pi400-lab-1'],
    ['a host name with a domain', { hostName: 'cam.lan' }, 'cam.lan'],
    ['a host name made to fit', { hostName: ' büro kamera!' }, 'b-ro-kamera'],
    [
      'the serial number',
      { hostName: 'raspberrypi', piSerial: '10000000abCDEF12', machineId: MACHINE_ID },
      'raspberrypi-cdef12',
    ],
    [
      'the serial number under a domain',
      { hostName: 'raspberrypi.lan', piSerial: '10000000abcdef12' },
      'raspberrypi.lan-cdef12',
    ],
    ['the machine id', { hostName: 'localhost', machineId: MACHINE_ID }, `localhost-${HASHED}`],
    ['a name of no usable letter', { hostName: '日本', piSerial: '10000000abcdef12' }, 'device-cdef12'],
  ];
  for (const [what, facts, expected] of named) {
    it(`takes ${what}`, () => {
      assert.deepEqual(defaultDeviceId(facts), { kind: 'named', deviceId: expected });
    });
  }

  it('gives two unnamed machines two names', () => {
    const first = defaultDeviceId({ hostName: 'raspberrypi', piSerial: '10000000abcdef12' });
    const second = defaultDeviceId({ hostName: 'raspberrypi', piSerial: '10000000abcdef13' });
    assert.notDeepEqual(first, second);
  });
});

describe('machineIdentity()', () => {
  it('reads the serial number where the kernel shows it', async () => {
    const read = (path: string): Promise<string | undefined> =>
      Promise.resolve(path === '/proc/device-tree/serial-number' ? '10000000abcdef12' : undefined);
    assert.deepEqual(await machineIdentity('raspberrypi', read), {
      kind: 'named',
      deviceId: 'raspberrypi-cdef12',
    });
  });
});

describe('componentIdentity()', () => {
  const socket = { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: '/greengrass/v2/ipc.socket' };

  it("is the thing's name in a process that a nucleus has started", () => {
    assert.deepEqual(componentIdentity({ ...socket, AWS_IOT_THING_NAME: 'Core-7' }), {
      kind: 'named',
      deviceId: 'Core-7',
    });
  });

  for (const env of [{}, { AWS_IOT_THING_NAME: 'Core-7' }, socket, { ...socket, AWS_IOT_THING_NAME: '' }]) {
    it(`is nobody's with ${JSON.stringify(env)}`, () => {
      assert.equal(componentIdentity(env), undefined);
    });
  }

  it('says that a name with a colon is no device id', () => {
    const identity = componentIdentity({ ...socket, AWS_IOT_THING_NAME: 'plant:7' });
    assert.equal(identity?.kind, 'unnamed');
    assert.match(identity.found, /"plant:7" is no device id/);
    assert.match(identity.allowed, /device\.id/);
  });
});
