// Preloaded into a daemon by a test: SIGUSR2 sets the wall clock as JavaScript sees it on by the next jump in the list.
// Timers, sockets, file times and OpenSSL keep the system's clock; those need a machine whose clock may be set.

const jumpsMs = (process.env['SHUTTERD_TEST_JUMPS_MS'] ?? '').split(',').map(Number);
const RealDate = Date;
let offsetMs = 0;

process.on('SIGUSR2', () => {
  offsetMs += jumpsMs.shift() ?? 0;
});

class JumpingDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(given[0] ?? RealDate.now() + offsetMs);
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

Object.defineProperty(globalThis, 'Date', { value: JumpingDate });
