import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../core/errors.js";
import type { BuildNote, BuildRecord } from "./contract/builds.js";

/** Name of the file beside the logs of a running build: a {@link BuildNote} in JSON on each line. */
export const JOURNAL = "journal";

/** Prefix of the directory of a running build in its owner's directory; the build's id follows. */
export const RUNNING = "build-";

/**
 * The record of a build whose process died, made of what it noted; undefined when it noted nothing that can be read. It ended when it was last heard
 * of: a file in `directory` was written.
 */
export function readJournal(directory: string): BuildRecord | undefined {
  const notes = readNotes(join(directory, JOURNAL));
  const [first] = notes;
  if (!first) return undefined;
  const steps = new Map(notes.flatMap((note) => note.steps.map((step) => [step.number, step] as const)));
  const build = Object.assign({}, ...notes.map((note) => note.build)) as BuildRecord;
  const heard = Math.max(...readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs));
  return {
    ...build,
    status: "interrupted",
    duration: Math.max(0, heard - build.createdAt),
    detail: JSON.stringify({ ...first.detail, steps: [...steps.values()].sort((a, b) => a.number - b.number) }),
  };
}

/** The last line may be cut off where the process died. */
function readNotes(path: string): readonly BuildNote[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as BuildNote);
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
