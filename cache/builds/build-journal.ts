import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import type { BuildNote, BuildRecord, StepNote } from "../contract/builds.js";

/** File beside the logs of a running build, with a {@link BuildNote} in JSON on each line. */
export const JOURNAL = "journal";

/** Prefix of the directory of a running build in its owner's directory; the build's id follows. */
export const RUNNING = "build-";

/**
 * Rebuilds the record of a build whose process died from its notes. Returns undefined when no note
 * can be read. The end of the build is the time of the last write to a file in `directory`.
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

/**
 * Ends a step that was running. Its duration lasts until the end of the build. Its log, which is
 * not compressed yet, gives the bytes.
 */
function cutOff(step: StepNote, duration: number, log: Stats | undefined): StepNote {
  return { ...step, duration: Math.max(0, Math.round(duration - (step.startedAt ?? duration))), logBytes: log?.size ?? 0 };
}

/** Reads the notes. The last line may be cut off where the process died. */
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
