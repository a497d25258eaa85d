/** An async generator that can be ended from outside, also while it waits. */

/**
 * Iterates over what `generate` makes. Its signal aborts when the consumer leaves, when `signal` does, and when
 * somebody aborts the controller that stands in `running` meanwhile; the generator is to return then.
 */
export function interruptible<T>(
  generate: (stop: AbortSignal) => AsyncGenerator<T, void>,
  signal: AbortSignal | undefined,
  running: Set<AbortController>,
): AsyncIterableIterator<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const generator = generate(controller.signal);
  const release = () => {
    controller.abort();
    running.delete(controller);
    signal?.removeEventListener("abort", abort);
  };
  let started = false;
  const start = () => {
    started = true;
    running.add(controller);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
  };
  return {
    async next() {
      if (!started) start();
      try {
        const result = await generator.next();
        if (result.done) release();
        return result;
      } catch (error) {
        release();
        throw error;
      }
    },
    async return() {
      // A generator answers return() only after a next() that is under way: so end that one first.
      started = true;
      release();
      await generator.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
