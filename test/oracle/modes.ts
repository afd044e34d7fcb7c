// What the oracle broker does wrong, by name; each may be set while it runs. It does nothing itself.

/** All that is not said otherwise concerns PUBLISH packets on the request topic only. */
export interface Modes {
  /** CONNECT is read and never answered. */
  readonly noConnack: boolean;
  /** Return or reason code of CONNACK; 0 lets the client in. */
  readonly connackCode: number;
  /** No session survives its connection, as after the broker's own expiry. */
  readonly forgetSessions: boolean;
  readonly noSuback: boolean;
  /** Every filter is answered by 0x80. */
  readonly subackFailure: boolean;
  readonly noPingresp: boolean;
  readonly noPuback: boolean;
  readonly latePubackMs: number;
  /** PUBACK names the packet id after the right one. */
  readonly wrongPuback: boolean;
  readonly doublePuback: boolean;
  /** MQTT 5; from 128 on the request is refused and not in the journal. */
  readonly pubackReasonCode: number;
  /** `pubackReasonCode` is for the requests of these ids alone; none = for all. */
  readonly pubackReasonCodeFor: readonly string[];
  /** FIN after each request, which is in the journal. */
  readonly closeAfterPublish: 'never' | 'withPuback' | 'withoutPuback';
  /** RST instead of the PUBACK of the n-th request since the modes were set; 0 = never. It is in the journal. */
  readonly closeBeforePubackOf: number;
  /** FIN at a PUBLISH on this topic, any topic; empty = none. */
  readonly closeOnTopic: string;
  /** FIN at a PUBLISH with a larger payload, on any topic; 0 = never. */
  readonly closeOverBytes: number;
  /** TLS connections are accepted and the handshake is never begun. */
  readonly silentTls: boolean;
  /** 0 = as fast as they come. */
  readonly readBytesPerSecond: number;
  /** Open connections stay open and nothing more is read from them. */
  readonly stopReading: boolean;
  /** MQTT 5, announced in CONNACK and enforced with 147; 0 = not said. */
  readonly receiveMaximum: number;
  /** MQTT 5, announced in CONNACK and enforced with 149; 0 = not said. */
  readonly maximumPacketSize: number;
  /** What a device meets at AWS IoT Core: see aws-rules.ts. */
  readonly aws: boolean;
  /** Topic filters that `aws` lets clients publish on and subscribe to. */
  readonly awsAllowed: readonly string[];
}

export const HEALTHY: Modes = Object.freeze({
  noConnack: false,
  connackCode: 0,
  forgetSessions: false,
  noSuback: false,
  subackFailure: false,
  noPingresp: false,
  noPuback: false,
  latePubackMs: 0,
  wrongPuback: false,
  doublePuback: false,
  pubackReasonCode: 0,
  pubackReasonCodeFor: Object.freeze([]),
  closeAfterPublish: 'never',
  closeBeforePubackOf: 0,
  closeOnTopic: '',
  closeOverBytes: 0,
  silentTls: false,
  readBytesPerSecond: 0,
  stopReading: false,
  receiveMaximum: 0,
  maximumPacketSize: 0,
  aws: false,
  awsAllowed: Object.freeze(['#']),
});

/** `HEALTHY` with the changes that a control line names; throws at a name that is none. */
export function parseModes(changes: unknown): Modes {
  if (typeof changes !== 'object' || changes === null)
    throw new Error('Cannot set modes: no object was given');
  for (const [name, value] of Object.entries(changes)) {
    const usual: unknown = HEALTHY[name as keyof Modes];
    if (typeof value !== typeof usual) {
      throw new Error(`Cannot set mode ${name}: it is ${typeof value}, ${typeof usual} is needed`);
    }
  }
  return { ...HEALTHY, ...changes };
}
