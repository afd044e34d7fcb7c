// What the process and its machine give to the program, so that only the entry has to touch them. Types only.

export interface Machine {
  readonly hostName: string;
  /** Numeric user id; 0 is root. */
  readonly userId: number;
  /** Numeric ids of the process's groups, the main one first; absent where nobody has asked the system. */
  readonly groupIds?: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The Node program itself, for helper processes. */
  readonly nodePath: string;
  /** `process.kill`; a negative pid is a process group. */
  readonly kill: (pid: number, signal: 'SIGKILL') => void;
  readonly temporaryFolder: string;
  /** Of this process. */
  readonly pid?: number;
  /** The kernel's CLOCK_MONOTONIC, for those who compare it with their own. */
  readonly monotonicMicroseconds?: () => bigint;
}

/** PATH for the programs we run; the usual one where the environment has none. */
export function searchPath(machine: Machine): string {
  return machine.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
}
