// Every class of failure has words of its own: a table of codes, and what a person is told to do.
import assert from 'node:assert/strict';
import type { LinkFault } from '../../src/domain.ts';
import {
  afterOperation,
  linkProblem,
  problemFromError,
  problemFromReasonCode,
} from '../../src/mqtt/problem.ts';
import type { ClockState } from '../../src/mqtt/tls-problem.ts';

const coded = (code: string): Error => Object.assign(new Error('what the library says'), { code });

describe('problemFromError()', () => {
  const tls: readonly (readonly [code: string, remedy: RegExp, clock?: ClockState])[] = [
    ['CERT_NOT_YET_VALID', /clock of this machine is not synchronised .* time server/, 'notSynchronised'],
    ['CERT_NOT_YET_VALID', /clock is synchronised, so the broker's certificate/, 'synchronised'],
    ['CERT_NOT_YET_VALID', /check the clock of this machine/],
    ['CERT_HAS_EXPIRED', /^renew the broker's certificate$/, 'synchronised'],
    ['CERT_HAS_EXPIRED', /^check the clock .* renew the broker's certificate$/, 'notSynchronised'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /mqtt\.tls\.caFile/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /mqtt\.tls\.caFile/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /mqtt\.tls\.caFile/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /mqtt\.tls\.caFile/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /mqtt\.tls\.serverName/],
    ['ERR_OSSL_X509_KEY_VALUES_MISMATCH', /keyFile is not the key of mqtt\.tls\.certFile/],
    ['ERR_OSSL_PEM_NO_START_LINE', /PEM files/],
    ['TLS_FILE', /PEM files that this user may read/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /asks for a certificate of this device/],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', /renew the certificate of this device/],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', /was revoked/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /does not take the certificate of this device/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /speaks no TLS/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /share no TLS version/],
    ['ERR_SSL_SOMETHING_NEW', /check the certificates/],
  ];
  for (const [code, remedy, clock] of tls) {
    it(`tells what to do about ${code} with a clock that is ${clock ?? 'unknown'}`, () => {
      const problem = problemFromError(coded(code), clock);
      assert.equal(problem.fault, 'tls');
      assert.equal(problem.detail, `${code}: what the library says`);
      assert.match(problem.remedy, remedy);
    });
  }

  const others: readonly (readonly [code: string, fault: LinkFault])[] = [
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refusedConnection'],
    ['EHOSTUNREACH', 'network'],
    ['ENETUNREACH', 'network'],
    ['ECONNRESET', 'network'],
    ['ETIMEDOUT', 'network'],
    ['PASSWORD_FILE', 'credentials'],
  ];
  for (const [code, fault] of others) {
    it(`calls ${code} ${fault}`, () => {
      assert.equal(problemFromError(coded(code)).fault, fault);
    });
  }
});

describe('problemFromReasonCode()', () => {
  const reasons: readonly (readonly [code: number, fault: LinkFault, remedy: RegExp])[] = [
    [1, 'protocolVersion', /mqtt\.protocol/],
    [4, 'credentials', /mqtt\.username/],
    [5, 'notAuthorized', /access list/],
    [7, 'notAuthorized', /access list/],
    [132, 'protocolVersion', /mqtt\.protocol/],
    [134, 'credentials', /mqtt\.username/],
    [135, 'notAuthorized', /access list/],
    [136, 'serverBusy', /tries again/],
    [137, 'serverBusy', /tries again/],
    [138, 'notAuthorized', /banned this client/],
    [139, 'serverBusy', /start the broker again/],
    [140, 'credentials', /authentication method/],
    [141, 'keepalive', /network/],
    [142, 'takenOver', /same client id/],
    [149, 'refused', /image\.maxPayloadBytes/],
    [151, 'refused', /quota/],
    [154, 'refused', /mqtt\.retain/],
    [157, 'refused', /mqtt\.url/],
  ];
  for (const [code, fault, remedy] of reasons) {
    it(`calls reason code ${code} ${fault}, with its own remedy`, () => {
      const problem = problemFromReasonCode({ code, text: 'words', reasonString: 'the broker says' });
      assert.equal(problem.fault, fault);
      assert.equal(problem.detail, `reason code ${code}, words: the broker says`);
      assert.match(problem.remedy, remedy);
    });
  }
});

describe('afterOperation()', () => {
  it('names the operation that a close may have refused, and what refuses so', () => {
    const problem = afterOperation(linkProblem('closedByBroker', 'closed'), 'PUBLISH on t (3 bytes)');
    assert.equal(problem.detail, 'closed, right after PUBLISH on t (3 bytes)');
    assert.match(problem.remedy, /AWS IoT policy.*image\.maxPayloadBytes/);
  });

  it('leaves the remedy of a reason the broker gave', () => {
    const refused = problemFromReasonCode({ code: 149, text: 'too large' });
    const problem = afterOperation(refused, 'PUBLISH on t (3 bytes)');
    assert.equal(problem.detail, 'reason code 149, too large, right after PUBLISH on t (3 bytes)');
    assert.equal(problem.remedy, refused.remedy);
  });

  for (const fault of ['network', 'keepalive', 'takenOver', 'stopped', 'ackTimeout'] as const) {
    it(`blames no operation for ${fault}`, () => {
      const problem = linkProblem(fault, 'so it is');
      assert.deepEqual(afterOperation(problem, 'PUBLISH on t (3 bytes)'), problem);
      assert.deepEqual(afterOperation(problem, undefined), problem);
    });
  }
});
