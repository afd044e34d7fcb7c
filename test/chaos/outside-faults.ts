// Faults around broker and daemon: dead networks, kills, stops, silence, and a second client.
import { createAuthority } from '../helpers/certificates.ts';
import { runChild } from '../helpers/child.ts';
import { subscribe } from '../helpers/mqtt-peer.ts';
import { json, STATUS, storeSome } from '../system/settings.ts';
import { BOTH, type Fault } from './fault.ts';

export const OUTSIDE_FAULTS: readonly Fault[] = [
  {
    says: 'a broker that never answers PINGREQ',
    protocols: BOTH,
    options: async () => ({ settings: { 'mqtt.keepaliveSeconds': 1 } }),
    make: ({ oracle }) => oracle.set({ noPingresp: true }),
    told: { event: 'broker.lost', fault: 'keepalive' },
    undo: ({ oracle }) => oracle.set({}),
  },
  {
    says: 'a network that swallows everything while connections stay',
    protocols: BOTH,
    async make(stage) {
      stage.proxy.mode = 'blackhole';
      await storeSome(stage.daemon(), 2);
    },
    told: { event: 'broker.lost', fault: 'ackTimeout' },
    async undo({ proxy }) {
      proxy.mode = 'pass';
    },
  },
  {
    says: 'a broker that is killed and comes back empty',
    protocols: BOTH,
    options: async () => ({ url: ({ oracle }) => oracle.url }),
    async make(stage) {
      await stage.oracle.kill();
      await storeSome(stage.daemon(), 2);
    },
    told: { event: 'broker.retry', fault: 'refusedConnection' },
    undo: ({ oracle }) => oracle.start(),
  },
  {
    says: 'a broker that never begins the TLS handshake',
    protocols: BOTH,
    async options(scope) {
      const authority = await createAuthority(scope);
      return {
        tls: await authority.issue('IP:127.0.0.1'),
        settings: { 'mqtt.tls.caFile': authority.caFile },
        url: ({ oracle }) => `mqtts://127.0.0.1:${oracle.tlsPort}`,
      };
    },
    async make({ oracle, daemon }) {
      await oracle.set({ silentTls: true });
      await oracle.kill();
      await oracle.start();
      await storeSome(daemon(), 2);
    },
    told: { event: 'broker.retry', fault: 'network', detail: /within 1 s/ },
    undo: ({ oracle }) => oracle.set({}),
  },
  {
    says: 'a broker that is stopped and goes on',
    protocols: BOTH,
    async make(stage) {
      stage.oracle.signal('SIGSTOP');
      await storeSome(stage.daemon(), 2);
    },
    told: { event: 'broker.lost', fault: 'ackTimeout' },
    async undo({ oracle }) {
      oracle.signal('SIGCONT');
    },
  },
  {
    says: 'a daemon that is stopped for longer than its keep alive and goes on',
    protocols: BOTH,
    options: async () => ({ settings: { 'mqtt.keepaliveSeconds': 1 } }),
    async make({ daemon, oracle }, scope) {
      const watcher = await subscribe(scope, oracle.port, { topics: [STATUS] });
      daemon().signal('SIGSTOP');
      // The will message: the broker has given it up.
      await watcher.messages.nth(1, ({ payload }) => json(payload)['state'] === 'offline');
      daemon().signal('SIGCONT');
    },
    told: { event: 'broker.lost', fault: /^(keepalive|closedByBroker)$/ },
    async undo() {},
  },
  {
    says: 'a second client with the same id',
    protocols: [5],
    async make({ oracle }, scope) {
      await runChild(scope, {
        file: 'mosquitto_pub',
        args: ['-h', '127.0.0.1', '-p', String(oracle.port), '-i', 'pi-test', '-t', 'x', '-n'],
      });
    },
    told: { event: 'broker.lost', fault: 'takenOver' },
    async undo() {},
  },
];
