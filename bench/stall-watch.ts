// Loaded into a process before its own code (`node --import`): tells its parent over IPC how long its event loop stood.
//
// A timer says when the loop came round. A gap counts as a stall by the CPU time that this thread spent in it, so that a
// machine busy with other things is not held against the process; the longest gap on the clock is told beside it.

/** What the parent gets for each message it sends; the figures begin anew then. Milliseconds. */
export interface Stalls {
  /** The most CPU time in one gap. */
  readonly worstCpuMs: number;
  /** The longest gap on the clock. */
  readonly worstMs: number;
  readonly residentOctets: number;
}

const everyMs = 5;
let worstCpuMs = 0;
let worstMs = 0;
let lastMs = performance.now();
let lastCpuMs = cpuMs();

setInterval(() => {
  const nowMs = performance.now();
  const nowCpuMs = cpuMs();
  worstMs = Math.max(worstMs, nowMs - lastMs - everyMs);
  worstCpuMs = Math.max(worstCpuMs, nowCpuMs - lastCpuMs);
  lastMs = nowMs;
  lastCpuMs = nowCpuMs;
}, everyMs).unref();

process.on('message', () => {
  const stalls: Stalls = { worstCpuMs, worstMs, residentOctets: process.memoryUsage.rss() };
  worstCpuMs = 0;
  worstMs = 0;
  process.send?.(stalls);
});
// The parent's channel alone must not keep the process alive.
process.channel?.unref();

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
