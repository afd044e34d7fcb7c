// Where the nucleus has its IPC and what lets this process in: two variables that it gives every component. It reads no other.

export type Environment = Readonly<Record<string, string | undefined>>;

export interface NucleusAddress {
  readonly socketPath: string;
  /** Stands for the component; the nucleus makes another one at each of its own starts. */
  readonly authToken: string;
}

export const SOCKET_VARIABLE = 'AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT';
export const TOKEN_VARIABLE = 'SVCUID';

/** `undefined` where no nucleus has started this process. */
export function nucleusAddress(env: Environment): NucleusAddress | undefined {
  const socketPath = env[SOCKET_VARIABLE] ?? '';
  const authToken = env[TOKEN_VARIABLE] ?? '';
  return socketPath === '' || authToken === '' ? undefined : { socketPath, authToken };
}
