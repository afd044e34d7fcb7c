// Tells the ways apart in which TLS fails, each with its own remedy; it touches nothing.

/** What is known of the wall clock at the time of the failure. */
export type ClockState = 'synchronised' | 'notSynchronised' | 'unknown';

/** What a person can do about a TLS error code of Node, OpenSSL or ours; `undefined` where the code is of no TLS error. */
export function tlsRemedy(code: string, clock: ClockState): string | undefined {
  if (code === 'CERT_NOT_YET_VALID') return NOT_YET_VALID[clock];
  const cause = CAUSES.find(([codes]) => codes.test(code));
  if (cause === undefined) return undefined;
  const doubt = code === 'CERT_HAS_EXPIRED' && clock !== 'synchronised' ? CLOCK_FIRST : '';
  return `${doubt}${cause[1]}`;
}

// A Pi has no clock chip: before NTP answers it lives in the past, where today's certificates do not exist yet.
const NOT_YET_VALID: Readonly<Record<ClockState, string>> = Object.freeze({
  notSynchronised:
    'the clock of this machine is not synchronised and most likely behind: let it reach a time server (timedatectl)',
  synchronised:
    "the clock is synchronised, so the broker's certificate is to blame: wait for its first day or replace it",
  unknown: "check the clock of this machine (timedatectl), then the first day of the broker's certificate",
});

const CLOCK_FIRST = 'check the clock of this machine first (timedatectl); ';

// Codes of X.509 verification as Node names them, of OpenSSL's libraries, and of the alerts a broker sends.
const CAUSES: readonly (readonly [codes: RegExp, remedy: string])[] = Object.freeze([
  [/^CERT_HAS_EXPIRED$/, "renew the broker's certificate"],
  [/^CERT_REVOKED$/, "the broker's certificate was revoked: replace it"],
  [
    /^(UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|SELF_SIGNED_CERT|DEPTH_ZERO|CERT_(SIGNATURE|UNTRUSTED|REJECTED)|INVALID_CA)/,
    "set mqtt.tls.caFile to the certificate of the authority that signed the broker's",
  ],
  [
    /^(ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH)/,
    "connect by a name that the broker's certificate holds (mqtt.url), or name one in mqtt.tls.serverName",
  ],
  [
    /^ERR_OSSL_X509_KEY_(VALUES|TYPE)_MISMATCH/,
    'mqtt.tls.keyFile is not the key of mqtt.tls.certFile: take both from the same set',
  ],
  [
    /^KEY_FILE_RIGHTS$/,
    'run the command that the line names; nothing else is needed, the next attempt reads the file again',
  ],
  [
    /^(TLS_FILE|ERR_OSSL|ERR_CRYPTO)/,
    'mqtt.tls.caFile, .certFile and .keyFile must be PEM files that this user may read, the key without a passphrase',
  ],
  [/^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED/, 'renew the certificate of this device (mqtt.tls.certFile)'],
  [/^ERR_SSL_.*ALERT_CERTIFICATE_REVOKED/, 'the certificate of this device was revoked: give it a new one'],
  [
    /^ERR_SSL_.*ALERT_CERTIFICATE_REQUIRED/,
    'the broker asks for a certificate of this device: set mqtt.tls.certFile and mqtt.tls.keyFile',
  ],
  [
    /^ERR_SSL_.*ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/,
    'the broker does not take the certificate of this device: register and activate it there, or its authority',
  ],
  [
    /^ERR_SSL_.*ALERT_UNRECOGNIZED_NAME/,
    'the broker serves no such name: correct mqtt.url or mqtt.tls.serverName',
  ],
  [
    /^(ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER|HTTP_REQUEST)|EPROTO)/,
    'the port speaks no TLS: correct the port in mqtt.url, or use mqtt:// or ws://',
  ],
  [
    /^ERR_SSL_.*(PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_APPLICATION_PROTOCOL)/,
    'broker and device share no TLS version, cipher or ALPN protocol: the broker must offer TLS 1.2 or 1.3',
  ],
  [
    /^(ERR_(TLS|SSL)|CERT_|UNABLE_TO)/,
    'check the certificates of the broker and of this device, and the names they hold',
  ],
]);
