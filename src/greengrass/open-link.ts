// From the nucleus' variables to a subscribed link: client, handshake, subscriptions, each within its deadline. It never tries twice.
import type { IncomingMessage, LinkProblem, OpenLink, OpenOutcome } from '../domain.ts';
import { orAborted } from '../support/abort.ts';
import { withDeadline, type Clock } from '../support/clock.ts';
import { errorMessage } from '../support/errors.ts';
import { nucleusAddress, type Environment, type NucleusAddress } from './address.ts';
import { createGreengrassLink } from './greengrass-link.ts';
import { createIpc, loadSdk, type ConnectAnswer, type Ipc, type IpcMessage } from './ipc.ts';
import { ipcProblem, notAComponent, sdkBroken, sdkMissing } from './problem.ts';

export interface GreengrassSettings {
  readonly filters: readonly string[];
  /** Socket and handshake. */
  readonly connectTimeoutSeconds: number;
  readonly ackTimeoutSeconds: number;
}

export interface GreengrassDeps {
  readonly clock: Clock;
  readonly env: Environment;
  readonly onMessage: (message: IncomingMessage) => void;
  /** The nucleus refuses the token that this process has, time and again: only another process will have a better one. */
  readonly onShutOut?: () => void;
}

// A nucleus that crashed starts anew and knows none of its old tokens; whoever has one holds camera and outbox in vain.
const REFUSALS_MAX = 3;

export function createOpenGreengrassLink(settings: GreengrassSettings, deps: GreengrassDeps): OpenLink {
  let refusals = 0;
  return async (signal) => {
    const nucleus = await findNucleus(deps.env);
    if (nucleus.kind === 'missing') return { kind: 'failed', problem: nucleus.problem };
    const outcome = await attempt(nucleus, { settings, deps, signal });
    const isRefused = outcome.kind === 'failed' && outcome.problem.fault === 'credentials';
    refusals = isRefused ? refusals + 1 : 0;
    if (refusals >= REFUSALS_MAX) deps.onShutOut?.();
    return outcome;
  };
}

interface Nucleus {
  readonly kind: 'found';
  readonly sdk: Parameters<typeof createIpc>[0];
  readonly address: NucleusAddress;
}

async function findNucleus(
  env: Environment,
): Promise<Nucleus | { readonly kind: 'missing'; readonly problem: LinkProblem }> {
  const address = nucleusAddress(env);
  if (address === undefined) return { kind: 'missing', problem: notAComponent() };
  const loaded = await loadSdk();
  switch (loaded.kind) {
    case 'loaded':
      return { kind: 'found', sdk: loaded.sdk, address };
    case 'missing':
      return { kind: 'missing', problem: sdkMissing() };
    case 'broken':
      return { kind: 'missing', problem: sdkBroken(loaded.detail) };
  }
}

interface Attempt {
  readonly settings: GreengrassSettings;
  readonly deps: GreengrassDeps;
  readonly signal: AbortSignal;
}

async function attempt({ sdk, address }: Nucleus, parts: Attempt): Promise<OpenOutcome> {
  try {
    return await connect(createIpc(sdk, address), parts);
  } catch (error) {
    // The client throws where it cannot even begin, as over a path that no socket address holds.
    return { kind: 'failed', problem: ipcProblem('refusedConnection', errorMessage(error)) };
  }
}

async function connect(ipc: Ipc, { settings, deps, signal }: Attempt): Promise<OpenOutcome> {
  const connecting = orAborted(ipc.connect(), signal);
  const connected = await withDeadline(deps.clock, settings.connectTimeoutSeconds * 1000, connecting);
  const problem = connectProblem(connected, settings.connectTimeoutSeconds);
  if (problem !== undefined) {
    void ipc.close().catch(() => undefined); // what never was open has nothing to end
    return { kind: 'failed', problem };
  }
  const link = createGreengrassLink({ ipc, clock: deps.clock, ackMs: settings.ackTimeoutSeconds * 1000 });
  const onMessage = (message: IpcMessage): void => {
    deps.onMessage({ ...message, duplicate: false });
  };
  const subscribing = await orAborted(link.subscribe(settings.filters, onMessage), signal);
  const refused = subscribing.kind === 'done' ? subscribing.value : stopped();
  if (refused === undefined) return { kind: 'open', link };
  link.abort(refused);
  return { kind: 'failed', problem: refused };
}

type Connected = Awaited<ReturnType<typeof orAborted<ConnectAnswer>>>;

function connectProblem(
  first: Awaited<ReturnType<typeof withDeadline<Connected>>>,
  seconds: number,
): LinkProblem | undefined {
  if (first.kind === 'timeout')
    return ipcProblem('noConnack', `no answer to the IPC handshake within ${seconds} s`);
  if (first.value.kind === 'aborted') return stopped();
  const answer = first.value.value;
  switch (answer.kind) {
    case 'done':
      return undefined;
    case 'unknownToken':
      return ipcProblem('credentials', 'the nucleus refused the IPC handshake');
    case 'broken':
      return ipcProblem('refusedConnection', answer.said);
  }
}

function stopped(): LinkProblem {
  return ipcProblem('stopped', 'the attempt was given up');
}
