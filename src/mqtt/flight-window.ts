// Keeps no more messages unacknowledged than the broker takes (MQTT 5, Receive Maximum): MQTT.js does not. It sends none.
import { isAborted, orAborted } from '../support/abort.ts';

export interface FlightWindow {
  /** Resolves when fewer than `maximum` are in flight, first come first, or at an abort; call the result at the end. */
  enter(maximum: number, signal: AbortSignal): Promise<() => void>;
}

export function createFlightWindow(): FlightWindow {
  let inFlight = 0;
  const waiting: (() => void)[] = [];
  return {
    async enter(maximum, signal) {
      while (inFlight >= maximum && !isAborted(signal)) {
        await orAborted(new Promise<void>((resolve) => waiting.push(resolve)), signal);
      }
      inFlight += 1;
      return () => {
        inFlight -= 1;
        waiting.shift()?.();
      };
    },
  };
}
