// Which MQTT version the next connection attempt speaks; `auto` is 5, and 3.1.1 where the broker refuses the version.
import type { OpenOutcome } from '../domain.ts';

export type ProtocolSetting = 'auto' | 3 | 4 | 5;

export interface ProtocolChoice {
  next(): 3 | 4 | 5;
  /** Learns from the outcome of the attempt that `next` was asked for. */
  tell(outcome: OpenOutcome): void;
}

export function chooseProtocol(setting: ProtocolSetting): ProtocolChoice {
  if (setting !== 'auto') return { next: () => setting, tell: () => undefined };
  let version: 4 | 5 = 5;
  return {
    next: () => version,
    tell(outcome) {
      if (outcome.kind === 'open') return;
      const { fault } = outcome.problem;
      // Old brokers answer CONNECT of version 5 with return code 1, or close the connection without CONNACK. The
      // latter may have any cause, so the versions take turns until one is let in.
      if (fault === 'protocolVersion' || fault === 'noConnack') version = version === 5 ? 4 : 5;
    },
  };
}
