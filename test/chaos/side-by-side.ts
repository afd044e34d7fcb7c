// Runs independent jobs a few at a time, so that waiting for one fault does not hold up the next.

/** Starts at once; the promise of a job is at the job's place. None of them is ever unheard. */
export function sideBySide<T>(most: number, jobs: readonly (() => Promise<T>)[]): readonly Promise<T>[] {
  const running: Promise<T>[] = [];
  for (const [at, job] of jobs.entries()) {
    // In lanes: a job waits for the one `most` places before it, however that ended.
    const before = running[at - most];
    const promise = before === undefined ? job() : before.then(job, job);
    promise.catch(() => undefined); // whoever awaits its place hears of it
    running.push(promise);
  }
  return running;
}
