import { badAge, whichBuilds, badLast } from "./errors.js";
import type { BuildHistoryStore, BuildSummary } from "../../api/record/build-record.js";

import { parseTimeSpan } from "../../core/text/time-span.js";
import { age, createdAt } from "../output/age.js";
import { type CliEnvironment, type Command, print, withHistory } from "../environment.js";
import { EXIT } from "../exit-codes.js";
import { splitFilter } from "../syntax/filter.js";
import { IDS_FLAG, LIST_FORMAT_FLAG, type ParsedFlags, parseFlags, ROOT_FLAG } from "../syntax/flags.js";
import { renderList } from "../output/list-format.js";
import { familiarName } from "../output/names.js";
import { jsonText } from "../../core/text/json-text.js";
import { compileTemplate, unescapeFormat } from "../output/template.js";
import { printableLines } from "../../core/text/printable.js";

const COLUMNS = [
  { field: "ID", heading: "BUILD ID" },
  { field: "CreatedSince", heading: "CREATED" },
  { field: "CreatedAt", heading: "CREATED AT" },
  { field: "Status", heading: "STATUS" },
  { field: "Duration", heading: "DURATION" },
  { field: "Steps", heading: "STEPS" },
  { field: "Executed", heading: "RAN" },
  { field: "Cached", heading: "CACHED" },
  { field: "Failed", heading: "FAILED" },
  { field: "Canceled", heading: "CANCELED" },
  { field: "FailedStep", heading: "FAILED STEP" },
  { field: "Warnings", heading: "WARNINGS" },
  { field: "Name", heading: "NAME" },
  { field: "Context", heading: "CONTEXT" },
  { field: "Dockerfile", heading: "DOCKERFILE" },
  { field: "Target", heading: "TARGET" },
  { field: "ImageID", heading: "IMAGE ID" },
];

const FILTER = {
  name: "filter",
  value: "<key=value>",
  repeat: true,
  text: "status=completed|failed|canceled|interrupted, context=DIR, name=IMAGE, target=STAGE, since=AGE, until=AGE (24h, 7d)",
} as const;

export const command: Command = {
  async run(args, environment) {
    switch (args[0]) {
      case "rm":
      case "remove":
        return remove(args.slice(1), environment);
      case "inspect":
        return inspect(args.slice(1), environment);
      case "ls":
      case "list":
        return list(args.slice(1), environment);
      default:
        return list(args, environment);
    }
  },
};

async function list(args: readonly string[], environment: CliEnvironment): Promise<number> {
  const flags = parseFlags(
    {
      name: "builds",
      summary: "List builds of the past, newest first",
      operands: "",
      count: [0, 0],
      flags: [
        FILTER,
        LIST_FORMAT_FLAG,
        { name: "local", text: "Show only builds of a context in this directory" },
        { name: "no-trunc", text: "For docker's sake: nothing is cut", hidden: true },
        { name: "last", short: "n", value: "<n>", text: "Show the newest n only" },
        IDS_FLAG,
        ROOT_FLAG,
      ],
      after:
        '"tsbuild builds inspect [BUILD]" shows one build as JSON, "tsbuild builds rm BUILD…" removes some.\n' +
        "The store keeps 500 builds for 90 days, and 256 MiB of compressed logs. TSBUILD_HISTORY=builds=100,age=30d,bytes=64m sets other limits, and\n" +
        "TSBUILD_HISTORY=off records nothing.",
    },
    args,
  );
  const last = flags.one("last");
  if (last !== undefined && !/^\d+$/.test(last)) throw badLast(last);
  return withHistory(environment, flags.one("root"), async (history) => {
    const here = (context: string): boolean => context === environment.cwd || context.startsWith(`${environment.cwd}/`);
    const found = filtered(history, flags, environment).filter(({ context }) => !flags.has("local") || here(context));
    const builds = found.slice(0, last === undefined ? undefined : Number(last));
    const text = flags.has("quiet")
      ? builds.map(({ id }) => `${id}\n`).join("")
      : renderList(
          builds.map((build) => toRow(build, environment.now())),
          COLUMNS,
          ["ID", "CreatedSince", "Status", "Duration", "Executed", "Cached", "Failed", "Name", "Context"],
          flags.one("format"),
        );
    await print(environment.stdout, text);
    return EXIT.success;
  });
}

async function inspect(args: readonly string[], environment: CliEnvironment): Promise<number> {
  const flags = parseFlags(
    {
      name: "builds inspect",
      summary: "Show all that is known of a build, as JSON",
      operands: "[BUILD]",
      count: [0, 1],
      flags: [{ name: "format", short: "f", value: "<format>", text: "json or a Go template" }, ROOT_FLAG],
    },
    args,
  );
  return withHistory(environment, flags.one("root"), async (history) => {
    const { stepList, warningList, ...build } = history.get(flags.operands[0]);
    // Readers of this form know steps by their names.
    const named = stepList.map((step) => ({ ...step, step: undefined, surroundings: undefined }));
    const shown = { ...build, stepList: named, warningList };
    const format = flags.one("format");
    const text = format === undefined || format === "json" ? jsonText(shown, 2) : compileTemplate(unescapeFormat(format))(shown);
    await print(environment.stdout, `${environment.stdout.isTTY ? printableLines(text) : text}\n`);
    return EXIT.success;
  });
}

async function remove(args: readonly string[], environment: CliEnvironment): Promise<number> {
  const flags = parseFlags(
    {
      name: "builds rm",
      summary: "Forget builds and their logs; images and cached steps stay",
      operands: "[BUILD…]",
      count: [0, Infinity],
      flags: [{ name: "all", short: "a", text: "All of them" }, FILTER, ROOT_FLAG],
    },
    args,
  );
  const some = flags.has("all") || flags.all("filter").length > 0;
  if (some === flags.operands.length > 0) throw whichBuilds();
  return withHistory(environment, flags.one("root"), async (history) => {
    const ids = some ? filtered(history, flags, environment).map(({ id }) => id) : flags.operands.map((ref) => history.get(ref).id);
    history.remove(ids);
    await print(environment.stdout, ids.map((id) => `${id}\n`).join(""));
    return EXIT.success;
  });
}

function filtered(history: BuildHistoryStore, flags: ParsedFlags, environment: CliEnvironment): readonly BuildSummary[] {
  const tests = flags.all("filter").map((text) => filterOf(text, environment.now()));
  return history.list().filter((build) => tests.every((test) => test(build)));
}

const FILTERS = ["status", "context", "name", "target", "since", "until"] as const;

function filterOf(text: string, now: number): (build: BuildSummary) => boolean {
  const { key, value } = splitFilter(text, FILTERS);
  switch (key) {
    case "status":
      return ({ status }) => status === value;
    case "context":
      return ({ context }) => context === value || context.endsWith(`/${value.replace(/^\.?\//, "")}`);
    case "name":
      return ({ names }) =>
        names.some((name) => name === value || familiarName(name) === value || familiarName(name) === `${value}:latest`);
    case "target":
      return ({ target }) => target === value;
    case "since":
    case "until": {
      const span = parseTimeSpan(value);
      if (span === undefined) throw badAge(value);
      return ({ createdAt: begun }) => (key === "since" ? begun >= now - span : begun <= now - span);
    }
  }
}

function toRow(build: BuildSummary, now: number): Record<string, string> {
  const created = new Date(build.createdAt).toISOString();
  return {
    ID: build.id,
    CreatedSince: age(created, now),
    CreatedAt: createdAt(created),
    Status: build.status,
    Duration: `${(build.duration / 1000).toFixed(build.duration < 10_000 ? 2 : 1)}s`,
    Steps: String(build.steps),
    Executed: String(build.executed),
    Cached: String(build.cached),
    Failed: String(build.failed),
    Canceled: String(build.canceled),
    FailedStep: build.failedStep ?? "",
    Warnings: String(build.warnings),
    Name: build.names.map(familiarName).join(","),
    Context: build.context,
    Dockerfile: build.dockerfile,
    Target: build.target ?? "",
    ImageID: build.imageId ?? "",
  };
}
