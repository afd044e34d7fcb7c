// Where a Greengrass nucleus runs the daemon, it has the connection and the component's life: what is left to say. It asks no nucleus.
import { findingsOf, type Finding } from './finding.ts';
import { UNIT, type UnitState } from './unit-facts.ts';

const COMPONENT = 'com.shutterd.Capture';

/** The device's configuration names neither a connection nor certificates. */
export function nucleusAsBroker(): readonly Finding[] {
  return [
    findingsOf('broker').ok(
      'mqtt.transport is greengrass: the nucleus has the connection and its certificates (sudo tail /greengrass/v2/logs/greengrass.log)',
    ),
  ];
}

export function nucleusAsService(state: UnitState): readonly Finding[] {
  const { ok, warn } = findingsOf('service');
  if (state.kind === 'unit' && state.unit.installed && state.unit.active === 'active')
    return [
      warn(
        `${UNIT} runs with mqtt.transport greengrass: no nucleus has started it, and it keeps the camera from the component`,
        `run: sudo systemctl disable --now ${UNIT}`,
      ),
    ];
  return [
    ok(
      `mqtt.transport is greengrass: the nucleus runs the daemon (sudo greengrass-cli component details --name ${COMPONENT}; sudo tail /greengrass/v2/logs/${COMPONENT}.log)`,
    ),
  ];
}
