// A count with its noun, for people; it knows regular plurals only.

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}
