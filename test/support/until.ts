/** Milliseconds between two looks. */
const PAUSE = 20;
/**
 * Polls before the wait is given up. Note that we count polls and not seconds, because a busy
 * machine polls less often.
 */
const LOOKS = 3000;

/**
 * Polls for a state without an event of its own, such as the end of another user's process. Returns
 * false when it never came.
 */
export async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return false;
}
