import { readFileSync } from "node:fs";
import type { CheckStatus, DoctorCheck } from "../options/doctor-types.js";

/** Makes a check, with defaults for the parts that most of them leave out. */
export function check(
  name: string,
  title: string,
  result: {
    readonly status?: CheckStatus;
    readonly found: string;
    readonly controlledBy?: readonly string[];
    readonly fix?: string | undefined;
  },
): DoctorCheck {
  const { status = "ok", found, controlledBy = [], fix } = result;
  return { name, title, status, found, controlledBy, fix };
}

/** Returns the text of a file, trimmed; undefined when it cannot be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Returns `path = value`, or nothing when the kernel has no such setting. */
export function settings(...paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const value = textOf(path);
    return value === undefined ? [] : [`${path} = ${value}`];
  });
}
