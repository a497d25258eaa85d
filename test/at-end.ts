/** What tests start and share, and who stops it: after each file where files run side by side, else at the end of the run. */

const actions: (() => Promise<unknown>)[] = [];

/** Runs `action` once, when no test is left that may use what it stops. */
export const atEnd = (action: () => Promise<unknown>): void => void actions.push(action);

/** For mocha alone. */
export async function end(): Promise<void> {
  for (const action of actions.splice(0)) await action();
}
