// The words of the program as types. It imports nothing and does nothing.

/** A port for everything random, so that a test can pin it: uniform in [0, 1), and a version 4 UUID in lower case. */
export interface Random {
  fraction(): number;
  uuid(): string;
}

// ---- trigger ---------------------------------------------------------------

/** An application message that asks for a picture, after admission. */
export interface Trigger {
  /** The sender's `request_id`, or one of ours where it gave none. */
  readonly triggerId: string;
  readonly source: 'mqtt' | 'timer' | 'signal';
  /** Monotonic milliseconds; a frame that answers this trigger is exposed later than this. */
  readonly receivedAtMs: number;
  /** Bounds the sender asked for; the configured ones hold as well. */
  readonly maxWidthPx?: number;
  readonly maxQuality?: number;
  readonly reply?: ReplyAddress;
}

/** Where an MQTT 5 requester wants its answer (response topic and correlation data). */
export interface ReplyAddress {
  readonly topic: string;
  readonly correlationData?: Uint8Array;
}

export type IgnoreReason =
  'retained' | 'malformed' | 'expired' | 'tooSoon' | 'duplicate' | 'busy' | 'paused' | 'stopping';

/** What became of one trigger; `accepted` is said only after its request is on disk. */
export type TriggerOutcome =
  | { readonly kind: 'accepted'; readonly requestId: string; readonly bytes: number; readonly queued: number }
  | { readonly kind: 'ignored'; readonly reason: IgnoreReason }
  | { readonly kind: 'failed'; readonly reason: string; readonly requestId?: string };

// ---- capture ---------------------------------------------------------------

export type Suspicion = 'black' | 'flat';

/** Bytes as the camera gave them: one complete JPEG. */
export interface Frame {
  readonly jpeg: Uint8Array;
  /** Granted size. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Wall-clock time of the exposure. */
  readonly capturedAt: Date;
  readonly suspect?: Suspicion;
}

export type CaptureCause = 'noDevice' | 'busy' | 'permission' | 'timeout' | 'badFrame' | 'wedged' | 'tool';

/** `detail` says what is so, in a sentence, and `remedy` what a person can do about it. */
export interface CaptureFailure {
  readonly kind: 'failed';
  readonly cause: CaptureCause;
  readonly detail: string;
  readonly remedy: string;
}

export type CaptureOutcome = { readonly kind: 'captured'; readonly frame: Frame } | CaptureFailure;

/** One camera behind one driver. One capture at a time; `close` is harmless twice. */
export interface Camera {
  capture(signal: AbortSignal): Promise<CaptureOutcome>;
  close(): Promise<void>;
}

// ---- fit -------------------------------------------------------------------

/** A JPEG that we publish. */
export interface Image {
  readonly jpeg: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Absent when the frame was passed through untouched. */
  readonly quality?: number;
  /** How many times the picture was encoded to find it. */
  readonly encodes: number;
}

export type FitOutcome =
  | { readonly kind: 'fitted'; readonly image: Image }
  | { readonly kind: 'unfit'; readonly smallestBytes: number; readonly budgetBytes: number }
  | { readonly kind: 'undecodable'; readonly detail: string };

// ---- request and outbox ----------------------------------------------------

/** One classification request, ready for the wire. */
export interface Request {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly contentType: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly capturedAt: string;
  readonly suspect?: Suspicion;
  /** What the payload itself has no room for (format raw); sent with MQTT 5 only. */
  readonly userProperties?: Readonly<Record<string, string>>;
}

/** One stored request: what the outbox knows without reading the body. `bytes`: of the payload. */
export interface Entry {
  /** Monotonic number that gives the order; never taken from the wall clock. */
  readonly sequence: number;
  readonly requestId: string;
  readonly bytes: number;
}

export type DropReason = 'outboxFull' | 'diskFull' | 'tooOld';

export type AddOutcome =
  | { readonly kind: 'stored'; readonly entry: Entry }
  | { readonly kind: 'refused'; readonly reason: DropReason }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

export type ReadOutcome =
  | { readonly kind: 'request'; readonly request: Request }
  /** It was past the age bound; the drop is recorded. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'damaged'; readonly detail: string }
  | { readonly kind: 'failed'; readonly code: string; readonly detail: string };

export interface OutboxCounts {
  readonly entries: number;
  readonly bytes: number;
  readonly quarantined: number;
}

/** The durable, bounded store of requests not yet acknowledged. It logs its own drops and quarantines. */
export interface Outbox {
  /** Resolves when the entry is on disk. `online` matters only where nothing may be kept while offline. */
  add(request: Request, link: { readonly online: boolean }): Promise<AddOutcome>;
  oldest(isWanted?: (entry: Entry) => boolean): Entry | undefined; // in the order of sending
  /** Takes the entry in hand: no bound drops it until one of the next three is called. */
  read(entry: Entry): Promise<ReadOutcome>;
  /** Forgets a delivered entry; it never comes back in this run, even where the disk refuses the removal. */
  remove(entry: Entry): Promise<void>;
  quarantine(entry: Entry, reason: string): Promise<void>;
  release(entry: Entry): void;
  counts(): OutboxCounts;
  close(): Promise<void>;
}

// ---- the wire --------------------------------------------------------------

export type Qos = 0 | 1 | 2;

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  readonly duplicate: boolean;
  readonly reply?: ReplyAddress;
  /** MQTT 5 correlation data without a response topic arrives here as well. */
  readonly correlationData?: Uint8Array;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Sent with MQTT 5 only. */
  readonly properties?: {
    readonly contentType?: string;
    readonly correlationData?: Uint8Array;
    readonly responseTopic?: string;
    readonly messageExpirySeconds?: number;
    readonly userProperties?: Readonly<Record<string, string>>;
  };
}

/** What became of one PUBLISH on one link. */
export type PublishOutcome =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'sent' }
  | { readonly kind: 'refused'; readonly reasonCode: number; readonly reason: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'lost'; readonly wholePacketWritten: boolean };

export type LinkFault =
  | 'network'
  | 'dns'
  | 'refusedConnection'
  | 'tls'
  | 'noConnack'
  | 'protocolVersion'
  | 'clientId'
  | 'credentials'
  | 'notAuthorized'
  | 'serverBusy'
  | 'refused'
  | 'takenOver'
  | 'keepalive'
  | 'closedByBroker'
  | 'ackTimeout'
  | 'subscribe'
  | 'stopped';

/** Why a connection attempt failed or a link ended, with what a person can do. */
export interface LinkProblem {
  readonly fault: LinkFault;
  readonly detail: string;
  readonly remedy: string;
}

/** One live connection to the broker. Nothing of it survives its end. */
export interface Link {
  /** MQTT version spoken: 3 (3.1), 4 (3.1.1) or 5; or that it is the Greengrass nucleus which speaks it. */
  readonly protocol: 3 | 4 | 5 | 'greengrass';
  publish(message: OutgoingMessage): Promise<PublishOutcome>;
  /** Settles once, when the link has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<LinkProblem>;
  /** Sends DISCONNECT and closes within a short deadline; harmless twice. */
  close(): Promise<void>;
  /** Closes at once, naming why. */
  abort(problem: LinkProblem): void;
}

export type OpenOutcome =
  { readonly kind: 'open'; readonly link: Link } | { readonly kind: 'failed'; readonly problem: LinkProblem };

/** Connects, subscribes and proves it by SUBACK; anything less is `failed`. */
export type OpenLink = (signal: AbortSignal) => Promise<OpenOutcome>;

// ---- result ----------------------------------------------------------------

/** The parsed content of a result; the confidence is 0..1. */
export interface Classification {
  readonly label: string;
  readonly confidence: number;
}
