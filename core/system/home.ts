import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns `$HOME`, or else the system's home of this user. Returns undefined for an id without an
 * entry in passwd, as in a container or a cron job.
 */
export function homeDirectory(env: Environment, ask: () => string = homedir): string | undefined {
  if (env["HOME"]) return env["HOME"];
  try {
    return ask() || undefined;
  } catch {
    // Node throws where getpwuid finds nothing.
    return undefined;
  }
}

/** Returns a path below the home; undefined where there is no home. */
export function inHome(env: Environment, ...names: readonly string[]): string | undefined {
  const home = homeDirectory(env);
  return home === undefined ? undefined : join(home, ...names);
}
