// Loaded into a daemon before its own code: measures how late its event loop runs, from SIGUSR2 on, and tells at the end.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on('SIGUSR2', () => {
  delay.reset();
});
process.on('exit', () => {
  // The histogram holds the whole interval between two samples; the lag is what exceeds the resolution.
  const lagMs = (percentile: number): number => delay.percentile(percentile) / 1e6 - RESOLUTION_MS;
  const measured = { p50: lagMs(50), p99: lagMs(99), max: delay.max / 1e6, samples: delay.count };
  process.stderr.write(
    `loop delay ${JSON.stringify({ ...measured, maxRssKb: process.resourceUsage().maxRSS })}\n`,
  );
});
