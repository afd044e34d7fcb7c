// Names why the nucleus' IPC does not work, or does not let us, with what a person can do; it touches nothing.
import type { LinkFault, LinkProblem } from '../domain.ts';
import { SOCKET_VARIABLE, TOKEN_VARIABLE } from './address.ts';

const RESTART = 'restart the component (greengrass-cli component restart), or deploy it again';

const REMEDY: Partial<Readonly<Record<LinkFault, string>>> = {
  refusedConnection: 'start the nucleus (systemctl status greengrass); the daemon connects by itself',
  credentials: `the nucleus has started again since it gave us ${TOKEN_VARIABLE}, or did not give it: ${RESTART}`,
  noConnack: 'the nucleus accepts connections and does not answer: see its greengrass.log',
  closedByBroker: 'none needed where the nucleus was restarted; else see its greengrass.log',
  ackTimeout: 'the nucleus takes requests and does not answer them: see its greengrass.log',
  subscribe: 'see greengrass.log of the nucleus; it subscribes only while it is connected to AWS IoT Core',
  stopped: 'none needed',
};

export function ipcProblem(fault: LinkFault, detail: string): LinkProblem {
  return { fault, detail, remedy: REMEDY[fault] ?? 'see greengrass.log of the nucleus' };
}

/** A process that no nucleus has started, such as a command in a terminal. */
export function notAComponent(): LinkProblem {
  return {
    fault: 'refused',
    detail: `mqtt.transport is greengrass, and no Greengrass nucleus has started this process: ${SOCKET_VARIABLE} and ${TOKEN_VARIABLE} are not both set`,
    remedy:
      'run it as a component (cloud/README.md); to speak to AWS IoT Core from a terminal use ' +
      '--set mqtt.transport=mqtt with mqtt.url and a certificate of its own, or the MQTT test client of the AWS console',
  };
}

export function sdkMissing(): LinkProblem {
  return {
    fault: 'refused',
    detail: 'mqtt.transport is greengrass, and the package aws-iot-device-sdk-v2 is not installed',
    remedy:
      'run "npm install --no-save aws-iot-device-sdk-v2" in the folder of shutterd, or use the artifact that ' +
      'cloud/greengrass/make-artifact.sh makes',
  };
}

export function sdkBroken(detail: string): LinkProblem {
  return {
    fault: 'refused',
    detail: `the package aws-iot-device-sdk-v2 does not load: ${detail}`,
    remedy: 'it has programs for 64-bit x86 and ARM only: use a 64-bit system, and install it anew there',
  };
}

export type IpcOperation = 'PublishToIoTCore' | 'SubscribeToIoTCore';

/** The statement that the recipe lacks, or the deployment has merged away. */
export function accessControlRemedy(operation: IpcOperation, topic: string): string {
  return (
    `in the component's configuration, below accessControl and aws.greengrass.ipc.mqttproxy, allow the operation ` +
    `aws.greengrass#${operation} on the resource ${topic} ("shutterd policy --greengrass" prints all of it); where it is ` +
    `there with {iot:thingName} for the device, set interpolateComponentConfiguration to true in the configuration of ` +
    `aws.greengrass.Nucleus, which leaves that text as it is otherwise`
  );
}
