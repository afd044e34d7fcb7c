// mqtt.proxyUrl against real proxies, and against servers that say exactly the wrong bytes: every way in, every way it fails.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createAuthority, type Authority } from '../helpers/certificates.ts';
import { freePort } from '../helpers/free-port.ts';
import { startMosquitto } from '../helpers/mosquitto.ts';
import { startMicrosocks, startTinyproxy } from '../helpers/proxies.ts';
import { startRawServer } from '../helpers/raw-server.ts';
import { Scope } from '../helpers/scope.ts';
import { message, openedLink, problemOf } from './link-bench.ts';

const TARGET = 'mqtt://127.0.0.1:1883';

describe('openLink() through a proxy that does not lead there', () => {
  const scope = new Scope();
  afterEach(() => scope.end());

  const answers: readonly {
    says: string;
    scheme: 'http' | 'socks5';
    bytes: readonly (string | Buffer)[];
    detail: RegExp;
    remedy: RegExp;
  }[] = [
    {
      says: '407',
      scheme: 'http',
      bytes: ['HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n'],
      detail: /PROXY_LOGIN.*"HTTP\/1\.1 407 Proxy Authentication Required"/,
      remedy: /no login for proxies/,
    },
    {
      says: '403',
      scheme: 'http',
      bytes: ['HTTP/1.1 403 Access violation\r\n\r\n'],
      detail: /PROXY_FORBIDS/,
      remedy: /443/,
    },
    {
      says: '502',
      scheme: 'http',
      bytes: ['HTTP/1.0 502 Bad Gateway\r\n\r\n'],
      detail: /PROXY_TARGET/,
      remedy: /start the broker/,
    },
    {
      says: '302',
      scheme: 'http',
      bytes: ['HTTP/1.1 302 Found\r\n\r\n'],
      detail: /PROXY_ANSWER/,
      remedy: /proxyUrl/,
    },
    {
      says: 'no HTTP',
      scheme: 'http',
      bytes: ['SSH-2.0-OpenSSH\r\n'],
      detail: /PROXY_ANSWER/,
      remedy: /proxyUrl/,
    },
    {
      says: 'a header without end',
      scheme: 'http',
      bytes: [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`],
      detail: /longer than 16384 bytes/,
      remedy: /proxyUrl/,
    },
    {
      says: 'that it wants a login',
      scheme: 'socks5',
      bytes: [Buffer.of(5, 255)],
      detail: /PROXY_LOGIN/,
      remedy: /by its address/,
    },
    {
      says: 'HTTP',
      scheme: 'socks5',
      bytes: ['HTTP/1.1 400 Bad\r\n\r\n'],
      detail: /PROXY_ANSWER/,
      remedy: /SOCKS5/,
    },
    ...(
      [
        [1, 'PROXY_TARGET'],
        [2, 'PROXY_FORBIDS'],
        [3, 'PROXY_TARGET'],
        [4, 'PROXY_TARGET'],
        [5, 'PROXY_TARGET'],
        [6, 'PROXY_TARGET'],
        [7, 'PROXY_FORBIDS'],
        [8, 'PROXY_TARGET'],
        [99, 'PROXY_ANSWER'],
      ] as const
    ).map(([code, kind]) => ({
      says: `reply ${code}`,
      scheme: 'socks5' as const,
      bytes: [Buffer.of(5, 0), Buffer.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0)],
      detail: new RegExp(`${kind}.*\\(reply ${code}\\)`),
      remedy: /./,
    })),
  ];
  for (const { says, scheme, bytes, detail, remedy } of answers) {
    it(`names what ${scheme}:// says: ${says}`, async () => {
      let pieces = 0;
      const port = await startRawServer(scope, (_, socket) => {
        const piece = bytes[pieces];
        if (piece !== undefined) socket.write(piece);
        pieces += 1;
      });
      const proxyUrl = `${scheme}://127.0.0.1:${port}`;
      const problem = await problemOf(scope, { url: TARGET, proxyUrl });
      assert.equal(problem.fault, 'network');
      assert.match(problem.detail, detail);
      assert.ok(problem.detail.includes(proxyUrl), problem.detail);
      assert.match(problem.remedy, remedy);
    });
  }

  for (const scheme of ['http', 'socks5']) {
    it(`names a ${scheme} proxy that does not listen`, async () => {
      const proxyUrl = `${scheme}://127.0.0.1:${await freePort()}`;
      const { fault, detail, remedy } = await problemOf(scope, { url: TARGET, proxyUrl });
      assert.equal(fault, 'network');
      assert.ok(detail.includes(proxyUrl), detail);
      assert.match(remedy, /mqtt\.proxyUrl/);
    });

    it(`gives a silent ${scheme} proxy the one deadline, and names it`, async () => {
      const proxyUrl = `${scheme}://127.0.0.1:${await startRawServer(scope)}`;
      const problem = await problemOf(scope, { url: TARGET, proxyUrl, connectTimeoutSeconds: 0.2 });
      assert.ok(problem.detail.includes(`through proxy ${proxyUrl}`), problem.detail);
    });

    it(`names a ${scheme} proxy that hangs up`, async () => {
      const port = await startRawServer(scope, (_, socket) => socket.end());
      const { detail } = await problemOf(scope, { url: TARGET, proxyUrl: `${scheme}://127.0.0.1:${port}` });
      assert.match(detail, /PROXY_CLOSED/);
    });
  }

  for (const [what, after] of [
    ['closes the tunnel', undefined],
    ['answers in its place', '<html>Please log in to this network first.</html>'],
  ] as const) {
    it(`is named where it ${what} instead of the broker's TLS`, async () => {
      const opened = 'HTTP/1.1 200 OK\r\n\r\n';
      const port = await startRawServer(scope, (_, socket) => {
        if (after === undefined) socket.end(opened);
        else socket.write(`${opened}${after}`);
      });
      const proxyUrl = `http://127.0.0.1:${port}`;
      const { detail, remedy } = await problemOf(scope, { url: 'mqtts://127.0.0.1:8883', proxyUrl });
      assert.match(detail, after === undefined ? /^TLS_CLOSED/ : /^ERR_SSL_(WRONG_VERSION|PACKET_LENGTH)/);
      assert.ok(detail.endsWith(`through proxy ${proxyUrl}`), detail);
      assert.match(remedy, /proxy is at fault, see its log/);
    });
  }

  for (const proxyUrl of ['http://127.0.0.1:0', 'socks5://127.0.0.1:65536', 'http://127.0.0.1']) {
    it(`blames the key, not the network, for ${proxyUrl}`, async () => {
      const { detail, remedy } = await problemOf(scope, { url: TARGET, proxyUrl });
      assert.match(detail, /PROXY_URL/);
      assert.match(remedy, /^correct mqtt\.proxyUrl/);
    });
  }

  it('names a port that tinyproxy does not allow, and a login that it or microsocks wants', async () => {
    const strict = await startTinyproxy(scope, ['ConnectPort 443']);
    assert.match((await problemOf(scope, { url: TARGET, proxyUrl: strict.url })).detail, /PROXY_FORBIDS/);
    const locked = await startTinyproxy(scope, ['BasicAuth somebody secret']);
    assert.match((await problemOf(scope, { url: TARGET, proxyUrl: locked.url })).detail, /PROXY_LOGIN/);
    const socks = await startMicrosocks(scope, ['-u', 'somebody', '-P', 'secret']);
    assert.match((await problemOf(scope, { url: TARGET, proxyUrl: socks.url })).detail, /PROXY_LOGIN/);
  });

  it('names a broker that is not there behind tinyproxy and microsocks', async () => {
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    for (const proxy of [await startTinyproxy(scope), await startMicrosocks(scope)]) {
      const { detail, remedy } = await problemOf(scope, { url, proxyUrl: proxy.url });
      assert.match(detail, /PROXY_TARGET/);
      assert.match(remedy, /start the broker/);
    }
  });
});

describe('openLink() through a proxy', () => {
  const scope = new Scope();
  const shared = new Scope();
  let authority: Authority;
  before(async () => {
    authority = await createAuthority(shared);
  });
  after(() => shared.end());
  afterEach(() => scope.end());

  const proxies = { tinyproxy: startTinyproxy, microsocks: startMicrosocks };
  for (const [name, start] of Object.entries(proxies)) {
    for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss']) {
      it(`speaks ${scheme} by name through ${name}, TLS from end to end`, async () => {
        const secure = scheme === 'mqtts' || scheme === 'wss';
        const broker = await startMosquitto(scope, {
          ...(secure ? { tls: await authority.issue('DNS:localhost') } : {}),
          ...(scheme.startsWith('ws') ? { protocol: 'websockets' as const } : {}),
        });
        const proxy = await start(scope);
        const { link, messages } = await openedLink(scope, {
          ...{ url: `${scheme}://localhost:${broker.port}`, proxyUrl: proxy.url, filters: ['in'] },
          tls: secure ? { caFile: authority.caFile } : {},
        });
        // mosquitto 2.0 reads 4 KiB of a WebSocket in each of its rounds, ten a second.
        const bytes = Buffer.alloc(scheme.startsWith('ws') ? 10_000 : 100_000, 7);
        assert.deepEqual(await link.publish(message('in', bytes)), { kind: 'acknowledged' });
        assert.deepEqual(Buffer.from((await messages.nth(1)).payload), bytes);
        await link.close();
        assert.equal((await link.ended).fault, 'stopped');
      });
    }
  }

  for (const scheme of ['mqtts', 'wss'] as const) {
    const brokerOf = async (names: string) => {
      const protocol = scheme === 'wss' ? { protocol: 'websockets' as const } : {};
      const broker = await startMosquitto(scope, { tls: await authority.issue(names), ...protocol });
      const { url: proxyUrl } = await startTinyproxy(scope);
      const url = `${scheme}://127.0.0.1:${broker.port}`;
      return { url, proxyUrl, tls: { caFile: authority.caFile } };
    };

    it(`refuses a certificate for localhost where ${scheme} goes to an address`, async () => {
      const { fault, detail } = await problemOf(scope, await brokerOf('DNS:localhost'));
      assert.equal(fault, 'tls');
      assert.match(detail, /ERR_TLS_CERT_ALTNAME_INVALID/);
    });

    it(`takes a certificate for the address that ${scheme} goes to`, async () => {
      const { link } = await openedLink(scope, await brokerOf('IP:127.0.0.1'));
      await link.close();
    });
  }

  it('refuses the certificate of another authority behind a proxy as it does without', async () => {
    const other = await createAuthority(scope);
    const broker = await startMosquitto(scope, { tls: await authority.issue('DNS:localhost') });
    const { url: proxyUrl } = await startTinyproxy(scope);
    const url = `mqtts://localhost:${broker.port}`;
    assert.equal((await problemOf(scope, { url, proxyUrl, tls: { caFile: other.caFile } })).fault, 'tls');
  });

  it('takes no proxy from the environment: MQTTJS_SOCKS_PROXY and its like reroute nothing', async () => {
    const broker = await startMosquitto(scope);
    let asked = 0;
    const trap = createServer((socket) => {
      asked += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(trap, 'listening');
    scope.defer(() => trap.close());
    const address = trap.address();
    assert.ok(typeof address === 'object' && address !== null);
    const names = [
      'MQTTJS_SOCKS_PROXY',
      'ALL_PROXY',
      'HTTP_PROXY',
      'HTTPS_PROXY',
      'http_proxy',
      'https_proxy',
    ];
    for (const name of names) {
      const old = process.env[name];
      process.env[name] = `socks5://127.0.0.1:${address.port}`;
      scope.defer(() => {
        if (old === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = old;
      });
    }
    await openedLink(scope, { url: broker.url });
    assert.equal(asked, 0);
  });
});
