/** Measures how long something takes, by time in which this process was served. */

const tickMs = 5;

/**
 * Starts to measure; what it returns ends that and says how many milliseconds it took.
 * What a busy machine withholds from the process does not count, nor does code that holds the event loop.
 */
export function stopwatch(): () => number {
  let servedMs = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    servedMs += Math.min(now - last, 2 * tickMs);
    last = now;
  };
  const timer = setInterval(tick, tickMs);
  return () => {
    clearInterval(timer);
    tick();
    return servedMs;
  };
}
