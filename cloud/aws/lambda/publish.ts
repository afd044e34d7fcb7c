// Publishes one result through AWS IoT Core's data plane. It does not decide what a result says, or where it goes.
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';

/** Rejects where the data plane did not take it in time. */
export type PublishResult = (topic: string, result: object, signal: AbortSignal) => Promise<void>;

const ATTEMPTS_MAX = 3;
const CONNECTION_TIMEOUT_MS = 2000;

export function createPublisher(): PublishResult {
  const client = new IoTDataPlaneClient({
    maxAttempts: ATTEMPTS_MAX,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS },
  });
  return async (topic, result, signal) => {
    const payload = Buffer.from(JSON.stringify(result));
    // QoS 1, or a camera that reconnects just now would never hear of it.
    await client.send(new PublishCommand({ topic, qos: 1, payload, contentType: 'application/json' }), {
      abortSignal: signal,
    });
  };
}
