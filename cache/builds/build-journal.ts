import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import type { BuildNote, BuildRecord, StepNote } from "../contract/builds.js";

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
  const files = new Map(readdirSync(directory).map((name) => [name, statSync(join(directory, name))]));
  const heard = Math.max(...[...files.values()].map(({ mtimeMs }) => mtimeMs));
  const duration = Math.max(0, heard - build.createdAt);
  const ended = [...steps.values()].map((step) =>
    step.status === "interrupted" ? cutOff(step, duration, files.get(String(step.number))) : step,
  );
  return {
    ...build,
    status: "interrupted",
    duration,
    detail: JSON.stringify({ ...first.detail, steps: ended.sort((a, b) => a.number - b.number) }),
  };
}

/** A step that was running: it took until the build ended, and printed what its log (not compressed yet) holds. */
function cutOff(step: StepNote, duration: number, log: Stats | undefined): StepNote {
  return { ...step, duration: Math.max(0, Math.round(duration - (step.startedAt ?? duration))), logBytes: log?.size ?? 0 };
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
