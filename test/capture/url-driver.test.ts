import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { FRAME_BYTES_MAX, type RawOutcome } from '../../src/capture/driver.ts';
import { createUrlDriver } from '../../src/capture/url-driver.ts';
import type { CaptureFailure } from '../../src/domain.ts';
import { createSystemClock } from '../../src/support/clock.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';
import { freePort } from '../helpers/free-port.ts';
import { Scope } from '../helpers/scope.ts';
import { jpegOf, quarters } from '../support/jpeg-samples.ts';
import { never } from './capture-bench.ts';

describe('createUrlDriver()', () => {
  let scope: Scope;
  let jpeg: Uint8Array;

  before(async () => {
    jpeg = await jpegOf(quarters(64, 48));
  });

  beforeEach(() => {
    scope = new Scope();
  });

  afterEach(async () => {
    await scope.end();
  });

  /** A camera on loopback; its address without a path. */
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    return `http://127.0.0.1:${String(await listening(server))}`;
  }

  async function listening(server: Server & { closeAllConnections(): void }): Promise<number> {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    scope.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  function capture(url: string, path?: string, deadlineMs = 10_000): Promise<RawOutcome> {
    const settings = { url, timeoutSeconds: deadlineMs / 1000, ...(path === undefined ? {} : { path }) };
    return createUrlDriver({ settings, clock: createSystemClock() }).capture({ signal: never, deadlineMs });
  }

  async function failure(url: string, path?: string): Promise<CaptureFailure> {
    const outcome = await capture(url, path);
    assert.ok(outcome.kind === 'failed', 'it should fail');
    return outcome;
  }

  const statuses: readonly [number, Record<string, string>, string, RegExp][] = [
    [400, {}, 'noDevice', /camera\.url/],
    [401, { 'www-authenticate': 'Basic realm="camera"' }, 'permission', /user:password.*camera\.path/],
    [401, { 'www-authenticate': 'Digest realm="camera", nonce="1"' }, 'permission', /Basic authentication/],
    [403, {}, 'permission', /camera\.path/],
    [404, {}, 'noDevice', /camera\.url/],
    [410, {}, 'noDevice', /camera\.url/],
    [429, {}, 'busy', /Wait/],
    [500, {}, 'busy', /restart the camera/],
    [503, {}, 'busy', /restart the camera/],
  ];
  for (const [status, headers, cause, remedy] of statuses) {
    it(`says ${cause} of status ${status} ${headers['www-authenticate'] ?? ''}`, async () => {
      const url = await serve((_, response) => response.writeHead(status, headers).end('no'));
      const found = await failure(`${url}/a.jpg?user=admin&pwd=secret`);
      assert.equal(found.cause, cause);
      assert.match(found.detail, new RegExp(`^Cannot fetch ${url}/a\\.jpg\\?\\.\\.\\.: .*${status}`));
      assert.match(found.remedy, remedy);
    });
  }

  it('says noDevice where nobody listens, and where the name does not exist', async () => {
    const port = await freePort();
    for (const [url, code] of [
      [`http://127.0.0.1:${port}/a.jpg`, /ECONNREFUSED/],
      ['http://camera.invalid/a.jpg', /ENOTFOUND|EAI_AGAIN/],
    ] as const) {
      const found = await failure(url);
      assert.equal(found.cause, 'noDevice');
      assert.match(found.detail, code);
    }
  });

  for (const port of [25, 554, 6000, 10_080]) {
    it(`says that port ${String(port)} is blocked, and what to do about it`, async () => {
      const found = await failure(`http://127.0.0.1:${String(port)}/a.jpg`);
      assert.equal(found.cause, 'noDevice');
      assert.match(found.detail, new RegExp(`port ${String(port)} is blocked for HTTP`));
      assert.match(found.remedy, /another port/);
    });
  }

  const hanging: readonly [string, RequestListener][] = [
    ['never answers', () => undefined],
    [
      'hangs after its headers',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'image/jpeg' }).flushHeaders();
      },
    ],
    [
      'hangs inside the picture',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100000' }).write(Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
      },
    ],
  ];
  for (const [what, listener] of hanging) {
    it(`says timeout of a camera that ${what}`, async () => {
      const url = await serve(listener);
      const outcome = await capture(url, undefined, 150);
      assert.ok(outcome.kind === 'failed' && outcome.cause === 'timeout');
      assert.match(outcome.remedy, /camera\.timeoutSeconds/);
    });
  }

  it('ends when it is called off', async () => {
    const calling = new AbortController();
    const url = await serve(() => {
      calling.abort();
    });
    const clock = createFakeClock();
    const driver = createUrlDriver({ settings: { url, timeoutSeconds: 10 }, clock });
    const outcome = await driver.capture({ signal: calling.signal, deadlineMs: 10_000 });
    assert.ok(outcome.kind === 'failed' && outcome.detail.includes('called off'));
    assert.equal(clock.timers(), 0);
  });

  it('refuses a body that has no end at the byte where it becomes too long', async () => {
    let sent = 0;
    const block = Buffer.alloc(1024 * 1024);
    const url = await serve((_, response) => {
      const more = (): void => {
        if (response.destroyed) return;
        sent += block.length;
        response.write(block, more);
      };
      response.write(Buffer.from([0xff, 0xd8, 0xff, 0xe0]), more);
    });
    const found = await failure(url);
    assert.equal(found.cause, 'badFrame');
    assert.match(found.detail, /longer than 33554432 bytes/);
    assert.ok(sent < FRAME_BYTES_MAX * 2);
  });

  it('refuses what is no JPEG by its bytes, whatever it calls itself, without waiting for its end', async () => {
    const url = await serve((request, response) => {
      const type = request.url === '/page' ? 'text/html' : 'image/jpeg';
      response.writeHead(200, { 'content-type': type }).write('<html>log in</html>');
    });
    for (const [path, type] of [
      ['page', /text\/html/],
      ['lie.jpg', /image\/jpeg/],
    ] as const) {
      const found = await failure(`${url}/${path}`);
      assert.equal(found.cause, 'badFrame');
      assert.match(found.detail, type);
      assert.match(found.remedy, /MJPEG stream/);
    }
  });

  it('refuses an MJPEG stream and an empty answer', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/empty') response.writeHead(200).end();
      else
        response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=f' }).write('--f\r\n');
    });
    for (const path of ['stream', 'empty']) assert.equal((await failure(`${url}/${path}`)).cause, 'badFrame');
  });

  it('says badFrame of a picture that broke off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': String(jpeg.length) });
      response.write(jpeg.subarray(0, 200), () => response.destroy());
    });
    const found = await failure(url);
    assert.equal(found.cause, 'badFrame');
    assert.match(found.detail, /broke off after 200 bytes/);
  });

  it('follows three redirections and no more', async () => {
    const url = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(jpeg);
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    assert.equal((await capture(`${url}/3`)).kind, 'captured');
    const found = await failure(`${url}/4`);
    assert.equal(found.cause, 'noDevice');
    assert.match(found.detail, /redirects more than 3 times/);
  });

  const targets: readonly [string | undefined, RegExp][] = [
    [undefined, /no address/],
    ['http://', /no address/],
    ['file:///etc/passwd', /redirects to file:, http: and https: are allowed/],
    ['ftp://127.0.0.1/a.jpg', /redirects to ftp:/],
    ['http://user:secret@127.0.0.1/', /password, which no address may hold/],
  ];
  for (const [location, expected] of targets) {
    it(`refuses a redirection to ${String(location)}`, async () => {
      const url = await serve((_, response) => {
        response.writeHead(301, location === undefined ? {} : { location }).end();
      });
      const { detail } = await failure(url);
      assert.match(detail, expected);
      assert.doesNotMatch(detail, /secret/);
    });
  }

  it('refuses a certificate that the machine does not trust, and says how to trust it', async () => {
    const { certFile, keyFile } = await (await createAuthority(scope)).issue('IP:127.0.0.1');
    const server = createTlsServer(
      { cert: await readFile(certFile), key: await readFile(keyFile) },
      (_, response) => response.end(jpeg),
    );
    const found = await failure(`https://127.0.0.1:${String(await listening(server))}/`);
    assert.equal(found.cause, 'permission');
    assert.match(found.detail, /^Cannot trust .*(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)/);
    assert.match(found.remedy, /NODE_EXTRA_CA_CERTS/);
  });

  it('says badFrame of a port that does not speak HTTP', async () => {
    const url = await serve((request) => request.socket.end('220 mail server\r\n'));
    assert.equal((await failure(url)).cause, 'badFrame');
  });

  describe('with a password file', () => {
    let path: string;
    let seen: (string | undefined)[];
    let url: string;

    beforeEach(async () => {
      path = join(await scope.folder(), 'password');
      seen = [];
      url = await serve((request, response) => {
        seen.push(request.headers.authorization);
        response.end(jpeg);
      });
    });

    const files: readonly [string, string | undefined, number, RegExp][] = [
      ['that does not exist', undefined, 0, /unset camera\.path/],
      ['that everybody may read', 'user:password\n', 0o644, /^chmod o= \S+password$/],
      ['without a colon', 'password\n', 0o600, /one line user:password/],
      ['of two lines', 'user:password\nmore\n', 0o600, /one line user:password/],
      ['that is too long', `user:${'x'.repeat(5000)}`, 0o600, /one line user:password/],
    ];
    for (const [what, text, mode, remedy] of files) {
      it(`says permission of a file ${what}, and asks nobody`, async () => {
        if (text !== undefined) {
          await writeFile(path, text);
          await chmod(path, mode);
        }
        const found = await failure(url, path);
        assert.equal(found.cause, 'permission');
        assert.match(found.remedy, remedy);
        assert.deepEqual(seen, []);
        assert.doesNotMatch(JSON.stringify(found), /password\\n|xxxx/);
      });
    }

    it('sends user and password, read anew at each capture', async () => {
      const driver = createUrlDriver({
        settings: { url, path, timeoutSeconds: 10 },
        clock: createSystemClock(),
      });
      for (const line of ['admin:first', 'admin:zwölf:2\n']) {
        await writeFile(path, line, { mode: 0o640 });
        await chmod(path, 0o640);
        assert.equal((await driver.capture({ signal: never, deadlineMs: 10_000 })).kind, 'captured');
      }
      assert.deepEqual(
        seen.map((header) => Buffer.from(header?.slice('Basic '.length) ?? '', 'base64').toString()),
        ['admin:first', 'admin:zwölf:2'],
      );
    });

    it('sends them to no other place', async () => {
      await writeFile(path, 'user:password', { mode: 0o600 });
      const first = await serve((_, response) => {
        response.writeHead(307, { location: `${url}/a.jpg` }).end();
      });
      assert.equal((await capture(first, path)).kind, 'captured');
      assert.deepEqual(seen, [undefined]);
    });
  });

  it('gives the bytes as they came, with the time of the answer', async () => {
    const headers: unknown[] = [];
    const url = await serve((request, response) => {
      headers.push([
        request.headers['cache-control'],
        request.headers.connection,
        request.headers.authorization,
      ]);
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(jpeg);
    });
    const clock = createFakeClock();
    const driver = createUrlDriver({ settings: { url, timeoutSeconds: 10 }, clock });
    const outcome = await driver.capture({ signal: never, deadlineMs: 10_000 });
    assert.ok(outcome.kind === 'captured');
    assert.deepEqual(Buffer.from(outcome.bytes), Buffer.from(jpeg));
    assert.deepEqual(outcome.capturedAt, clock.now());
    assert.deepEqual(headers, [['no-cache', 'close', undefined]]);
    assert.equal(clock.timers(), 0);
  });
});
