import type { DiffEntry, FileState } from "../../api/diff/diff.js";
import { printable, printableLines } from "../../core/text/printable.js";
import { type CliEnvironment, type Command, print, storeRoot } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { jsonText } from "../../core/text/json-text.js";
import { renderList } from "../output/list-format.js";
import { humanSize } from "../syntax/bytes.js";
import { flagsExclude } from "../syntax/errors.js";
import { LIST_FORMAT_FLAG, parseFlags, PLATFORM_FLAG, ROOT_FLAG } from "../syntax/flags.js";

const COLUMNS = [
  { field: "Change", heading: "CHANGE" },
  { field: "Kind", heading: "KIND" },
  { field: "Mode", heading: "MODE" },
  { field: "Owner", heading: "OWNER" },
  { field: "Size", heading: "SIZE" },
  { field: "Path", heading: "PATH" },
  { field: "What", heading: "WHAT" },
];

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "diff",
        summary: "Show what a step or an image changed",
        operands: "STEP | IMAGE [STEP | IMAGE]",
        count: [1, 2],
        flags: [
          { name: "build", value: "<build>", text: "Build that the steps are of: an id, the beginning of one, or ^N (default: ^0)" },
          { name: "patch", short: "p", text: "Show the lines of text files that differ, as git does" },
          LIST_FORMAT_FLAG,
          PLATFORM_FLAG,
          ROOT_FLAG,
        ],
        after:
          "STEP is a number, a place such as 2/4, a line such as :12, a stage (its last step), or a part of the step's name.\n" +
          "A step is compared with the step before it, an image with its base. With two, the second is compared with the first.\n" +
          "Example: tsbuild diff --patch build",
      },
      args,
    );
    const [of = "", to] = flags.operands;
    const [build, platform, format] = [flags.one("build"), flags.one("platform"), flags.one("format")];
    const patch = flags.has("patch");
    if (patch && format !== undefined && format !== "json") throw flagsExclude("patch", "format");
    const entries = await environment.api.diff({
      ...storeRoot(environment, flags.one("root")),
      of,
      ...(to === undefined ? {} : { to }),
      ...(build === undefined ? {} : { build }),
      ...(platform === undefined ? {} : { platform }),
      patch,
      signal: environment.signal,
    });
    await print(environment.stdout, shown(entries, { patch, format }, environment));
    return EXIT.success;
  },
};

function shown(
  entries: readonly DiffEntry[],
  { patch, format }: { readonly patch: boolean; readonly format: string | undefined },
  { stdout }: CliEnvironment,
): string {
  if (format === "json") return entries.map((entry) => `${jsonText(entry)}\n`).join("");
  if (!patch)
    return renderList(
      entries.map(rowOf),
      COLUMNS,
      COLUMNS.map(({ field }) => field),
      format,
    );
  const text = entries.map((entry) => entry.patch ?? "").join("");
  return stdout.isTTY ? printableLines(text) : text;
}

function rowOf({ path, change, aspects, before, after }: DiffEntry): Readonly<Record<string, string>> {
  const both = (text: (state: FileState) => string): string => {
    const [was, is] = [before && text(before), after && text(after)];
    return was === undefined || is === undefined || was === is ? (is ?? was ?? "") : `${was} -> ${is}`;
  };
  return {
    Change: change,
    Kind: both(({ type }) => type),
    Mode: both(({ mode }) => mode.toString(8).padStart(4, "0")),
    Owner: both(({ uid, gid }) => `${uid}:${gid}`),
    Size: both(({ type, size }) => (type === "file" ? humanSize(size) : "")),
    Path: printable(path),
    What: aspects.join(", "),
  };
}
