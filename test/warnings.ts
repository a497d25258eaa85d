/** What the process is warned of. */

/** The warnings that came while `during` went on; it is given those that came so far. */
export async function warningsOf(during: (warned: readonly Error[]) => Promise<unknown>): Promise<readonly Error[]> {
  const warned: Error[] = [];
  const hear = (warning: Error) => void warned.push(warning);
  process.on("warning", hear);
  try {
    await during(warned);
    // A warning comes in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("warning", hear);
  }
  return warned;
}
