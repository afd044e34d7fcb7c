// Finds out who runs the doctor and who runs the daemon, with their groups; it changes no user.
import type { Person } from '../support/access-rights.ts';
import { readSystemText } from '../support/files.ts';
import { answerOf, type Eyes, type Surroundings } from './surroundings.ts';
import type { UnitState } from './unit-facts.ts';

/** The user that the shipped unit makes. */
const SERVICE_NAME = 'shutterd';
const NOBODY_YET = -1;

export async function findEyes(surroundings: Surroundings, state: UnitState): Promise<Eyes> {
  const { machine } = surroundings;
  const { userId, groupIds = [] } = machine;
  const name = (await answerOf(surroundings, ['id', '-un'])) ?? `user ${String(userId)}`;
  const self: Person = { name, userId, groupIds };
  const service = await servicePerson(surroundings, state);
  return { self, ...(service === undefined ? {} : { service }) };
}

async function servicePerson(surroundings: Surroundings, state: UnitState): Promise<Person | undefined> {
  if (state.kind !== 'unit' || !state.unit.installed) return namedPerson(surroundings, SERVICE_NAME, []);
  const { pid, user, groups } = state.unit;
  const name = user === '' ? SERVICE_NAME : user;
  const running = pid === undefined ? undefined : await personOfProcess(pid, name);
  if (running !== undefined) return running;
  const extra = await Promise.all(groups.map((group) => groupId(surroundings, group)));
  const groupIds = extra.filter((id) => id !== undefined);
  return (await namedPerson(surroundings, name, groupIds)) ?? { name, userId: NOBODY_YET, groupIds };
}

/** proc_pid_status(5). */
async function personOfProcess(pid: number, name: string): Promise<Person | undefined> {
  const status = (await readSystemText(`/proc/${String(pid)}/status`)) ?? '';
  const numbers = (field: string): number[] =>
    (new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .map(Number);
  const [, userId] = numbers('Uid');
  const [, group] = numbers('Gid');
  if (userId === undefined || group === undefined) return undefined;
  return { name, userId, groupIds: [group, ...numbers('Groups')] };
}

async function namedPerson(
  surroundings: Surroundings,
  name: string,
  more: readonly number[],
): Promise<Person | undefined> {
  const id = await answerOf(surroundings, ['id', '-u', name]);
  if (id === undefined) return undefined;
  const groups = (await answerOf(surroundings, ['id', '-G', name])) ?? '';
  const own = groups
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
  return { name, userId: Number(id), groupIds: [...own, ...more] };
}

/** `undefined` where the machine has no such group. */
export async function groupId(surroundings: Surroundings, name: string): Promise<number | undefined> {
  const line = await answerOf(surroundings, ['getent', 'group', name]);
  const id = line?.split(':')[2];
  return id === undefined ? undefined : Number(id);
}
