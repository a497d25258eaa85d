/** Tells a hook of the application something; what the hook throws never reaches who tells. */

/** `onError` hears what the hook threw, or what the promise that it returned was rejected with; else the process is warned. */
export function tell<T>(
  hook: ((value: T) => unknown) | undefined,
  value: T,
  onError?: (error: unknown) => unknown,
): void {
  const failed = (error: unknown) =>
    onError
      ? tell(onError, error)
      : process.emitWarning(`A hook failed: ${String(error).replaceAll(/\s+/g, " ")}`, "RollcallWarning");
  try {
    const answer = hook?.(value);
    if (answer instanceof Promise) answer.catch(failed);
  } catch (error) {
    failed(error);
  }
}
