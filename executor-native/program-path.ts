import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Returns the path of a program as the system finds it in the directories of `path`, the value of
 * PATH; undefined without one. Note that we ask whether the file exists first, because an exception
 * for every directory without the program would cost more, and the builds of ordinary users begin
 * with this search. The name stays, because a program may be a link that looks at its name.
 */
export function programPath(name: string, path = ""): string | undefined {
  return path
    .split(delimiter)
    .map((directory) => join(directory || ".", name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
