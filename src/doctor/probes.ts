// Which probes there are, and what each of them is given; it waits for none of them.
import type { LoadOutcome } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Machine } from '../support/machine.ts';
import { goToBroker, judgeWalk } from './broker.ts';
import { lookAtCamera } from './camera.ts';
import { judgeBrokerCertificate, lookAtCertificates } from './certificates.ts';
import { clockIsSynchronised, judgeClock } from './clock.ts';
import { configurationAsTold, lookAtConfiguration, type ConfigurationPlace } from './configuration.ts';
import { findDaemon } from './daemon.ts';
import { lookAtDisk } from './disk.ts';
import type { Area, Finding } from './finding.ts';
import { nucleusAsBroker, nucleusAsService } from './nucleus.ts';
import { lookAtOutbox } from './outbox.ts';
import { lookAtPower } from './power.ts';
import { lookAtProgram } from './program.ts';
import { lookAtService } from './service.ts';
import type { DaemonState, Eyes, Surroundings } from './surroundings.ts';
import { parseStatus, type Told } from './told.ts';
import { lookAtTools } from './tools.ts';
import type { UnitState } from './unit-facts.ts';

export interface Probe {
  readonly area: Area;
  readonly work: Promise<readonly Finding[]>;
}

export interface ProbeSetting {
  readonly machine: Machine;
  readonly paths: readonly string[];
  /** Where the daemon keeps its state: that of the unit, where one is installed. */
  readonly stateDirectory: (unitInstalled: boolean) => string;
  /** As the user with this machine would. */
  readonly load: (machine: Machine) => Promise<LoadOutcome>;
  readonly surroundings: Surroundings;
  readonly unit: UnitState;
  readonly eyes: Eyes;
}

export async function startProbes(setting: ProbeSetting): Promise<readonly Probe[]> {
  const { surroundings, unit, eyes, paths, machine } = setting;
  const stateDirectory = setting.stateDirectory(unit.kind === 'unit' && unit.unit.installed);
  const place: ConfigurationPlace = { paths, stateDirectory };
  const outcome = await setting.load(asTheService(machine, { eyes, stateDirectory }));
  const config = outcome.kind === 'loaded' ? outcome.config : undefined;
  const directory = config?.outbox.directory ?? `${stateDirectory}/outbox`;
  const daemon = await findDaemon(directory, unit);
  const synchronised = clockIsSynchronised(surroundings);
  return [
    { area: 'program', work: lookAtProgram(surroundings) },
    { area: 'configuration', work: lookAtConfiguration(outcome, place, eyes) },
    {
      area: 'service',
      work:
        config?.mqtt.transport === 'greengrass'
          ? Promise.resolve(nucleusAsService(unit))
          : lookAtService(surroundings, unit, daemon),
    },
    { area: 'tools', work: lookAtTools(surroundings, config?.camera) },
    {
      area: 'clock',
      work: synchronised.then((yes) => [judgeClock(surroundings.clock.now(), yes)]),
    },
    { area: 'power', work: lookAtPower(surroundings) },
    ...(config === undefined
      ? [{ area: 'disk', work: lookAtDisk({ directory, ...NO_BOUNDS }) } as const]
      : probesOf(config, { surroundings, eyes, daemon, synchronised })),
  ];
}

const NO_BOUNDS = Object.freeze({ minFreeBytes: 0, maxBytes: -1 });

/** Of what the configuration names. */
function probesOf(
  config: Config,
  {
    surroundings,
    eyes,
    daemon,
    synchronised,
  }: {
    readonly surroundings: Surroundings;
    readonly eyes: Eyes;
    readonly daemon: DaemonState;
    readonly synchronised: Promise<boolean>;
  },
): readonly Probe[] {
  const { clock, machine } = surroundings;
  if (config.mqtt.transport === 'greengrass') {
    return [
      ...localProbes(config, { surroundings, eyes, daemon, told: Promise.resolve(undefined) }),
      { area: 'broker', work: Promise.resolve(nucleusAsBroker()) },
    ];
  }
  const walk = synchronised.then((yes) => goToBroker(config, surroundings, yes));
  const told: Promise<Told | undefined> = walk.then(({ stored }) =>
    daemon.kind === 'runs' ? parseStatus(stored.get(config.topics.status)) : undefined,
  );
  const certificates = synchronised.then((clockSynchronised) =>
    lookAtCertificates(config, { now: clock.now(), clockSynchronised, machine, eyes }),
  );
  return [
    ...localProbes(config, { surroundings, eyes, daemon, told }),
    { area: 'broker', work: walk.then((taken) => judgeWalk(taken, config)) },
    { area: 'certificates', work: certificates },
    { area: 'certificates', work: walk.then((taken) => judgeBrokerCertificate(taken, clock.now())) },
    {
      area: 'configuration',
      work: told.then((said) => (said === undefined ? [] : configurationAsTold(said.config))),
    },
  ];
}

function localProbes(
  config: Config,
  seen: Omit<Parameters<typeof lookAtCamera>[0], 'config'>,
): readonly Probe[] {
  return [
    { area: 'disk', work: lookAtDisk(config.outbox) },
    { area: 'outbox', work: lookAtOutbox(config.outbox, seen) },
    { area: 'camera', work: lookAtCamera({ config, ...seen }) },
  ];
}

/** Its files are believed by its user, and its outbox lies in its state directory. */
function asTheService(
  machine: Machine,
  { eyes, stateDirectory }: { readonly eyes: Eyes; readonly stateDirectory: string },
): Machine {
  const { service } = eyes;
  const userId =
    machine.userId === 0 && service !== undefined && service.userId > 0 ? service.userId : machine.userId;
  return { ...machine, userId, env: { ...machine.env, STATE_DIRECTORY: stateDirectory } };
}
