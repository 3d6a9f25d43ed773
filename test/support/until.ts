/** Milliseconds between two looks. */
const PAUSE = 20;
/** Looks before the wait is given up. Note that we count looks and not seconds, because a busy machine looks less often. */
const LOOKS = 3000;

/** Looks again and again for what has no event of its own, such as the end of somebody else's process. Returns false when it never came. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return false;
}
