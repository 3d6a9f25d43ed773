import { type ReadFile, readText } from "../read-text.js";

/**
 * Returns a reader that reads each file once. Note that we look at `/proc/self/status` for three
 * reasons in each build of root in a container, also when nothing has changed.
 */
export function readingOnce(): ReadFile {
  const texts = new Map<string, string | undefined>();
  return (path) => {
    if (!texts.has(path)) texts.set(path, readText(path));
    return texts.get(path);
  };
}
