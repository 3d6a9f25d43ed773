import { setMember } from "../../core/set-member.js";
import { twoStandardInputs, badBuildArg, badPair, badCount, badWord, emptyPlatform } from "./errors.js";
import { contextKind } from "../../api/options/context-kind.js";
import { DOCKER_ISOLATIONS, parseIsolation } from "../../api/options/isolation.js";
import { collectText } from "../../api/sources/collect-text.js";
import type { OptionFlag, OptionsReading, Readings } from "../../api/options/option.js";
import type { BuildOptions } from "../../api/options/options.js";
import type { BUILD_OPTIONS } from "../../api/options/table.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseAllow } from "./allow-syntax.js";
import { OPTION_FLAGS } from "./build-flags.js";
import { parseBytes } from "./bytes.js";
import { parseCacheFrom, parseCacheTo } from "./cache-syntax.js";
import { type CsvPair, csvPairs, splitCsv } from "./csv.js";
import { type CliEnvironment, hostPath, storeRoot } from "../environment.js";
import { notSupported } from "../exit-codes.js";
import type { ParsedFlags } from "./flags.js";
import { historyLimits } from "./history-limits.js";
import { parseSsh } from "./ssh-syntax.js";
import { parseSecrets } from "./secrets-syntax.js";

interface Where {
  readonly flag: OptionFlag;
  readonly flags: ParsedFlags;
  readonly environment: CliEnvironment;
}

/** Reads the value of an option; undefined where its flag is not there. */
type Reader<T = unknown> = (where: Where) => T | undefined;

/** Reads the first flag of a name with a function that wants text. */
function one<T>(read: (text: string, flag: OptionFlag) => T): Reader<T> {
  return ({ flag, flags }) => {
    const text = flags.one(flag.name);
    return text === undefined ? undefined : read(text, flag);
  };
}

/** Reads all flags of a name. A flag that never comes leaves the option out, but for `always`. */
function all<T>(read: (texts: readonly string[], where: Where) => T, { always = false } = {}): Reader<T> {
  return (where) => {
    const texts = where.flags.all(where.flag.name);
    return texts.length === 0 && !always ? undefined : read(texts, where);
  };
}

/** Readers that any option may name in the table. */
const READERS: { readonly [R in Exclude<keyof Readings, "own" | "apart">]: Reader<R extends "word" ? string : Readings[R]> } = {
  text: one((text) => text),
  texts: all((texts) => texts),
  csv: all((texts, { flag }) => texts.flatMap((text) => splitCsv(text, `--${flag.name} "${text}"`))),
  labels: all((texts, { flag }) => pairs(texts, flag, "optional")),
  pairs: all((texts, { flag }) => pairs(texts, flag, "required")),
  bytes: one((text, { name }) => parseBytes(text, `--${name}`)),
  count: one((text, { name }) => {
    if (/^[1-9]\d*$/.test(text)) return Number(text);
    throw badCount(text, name);
  }),
  word: one((text, { name, words = [] }) => {
    if (words.includes(text)) return text;
    throw badWord(name, text, words);
  }),
  switch: ({ flag, flags }) => flags.has(flag.name) || undefined,
};

/** Options whose flags have a grammar of their own. */
const OWN: { readonly [N in OptionsReading<typeof BUILD_OPTIONS, "own">]: Reader<BuildOptions[N]> } = {
  buildArgs: all((texts, { environment }) => buildArgs(texts, environment), { always: true }),
  platforms: all((texts, { environment }) => platforms(texts, environment), { always: true }),
  isolation: one((text) => (DOCKER_ISOLATIONS.includes(text) ? undefined : parseIsolation(text, "--isolation"))),
  pull: ({ flags }) => pull(flags.one("pull")),
  noCache: ({ flags }) => noCache(flags.one("no-cache")),
  cacheFrom: all((texts, { environment }) => parseCacheFrom(texts, environment)),
  cacheTo: all((texts, { environment }) => parseCacheTo(texts, environment)),
  root: ({ flags, environment }) => storeRoot(environment, flags.one("root")).root,
  secrets: all((texts, { environment }) => parseSecrets(texts, environment)),
  ssh: all((texts, { environment }) => parseSsh(texts, environment)),
  allow: all((texts) => parseAllow(texts)),
};

/**
 * Returns the library's options for a command line, without context, Dockerfile, outputs, signal
 * and callback.
 */
export function readBuildOptions(flags: ParsedFlags, environment: CliEnvironment): BuildOptions {
  refuseUnsupported(flags);
  const options: Record<string, unknown> = { collect: false, ...historyLimits(environment.env["TSBUILD_HISTORY"]) };
  for (const [name, flag] of OPTION_FLAGS) {
    if (flag.reads === "apart") continue;
    const read: Reader = flag.reads === "own" ? OWN[name as keyof typeof OWN] : READERS[flag.reads];
    const value = read({ flag, flags, environment });
    if (value !== undefined) options[name] = value;
  }
  return options;
}

/**
 * Refuses flags of the contract that lack an implementation, by name. Accepts values that change
 * nothing.
 */
function refuseUnsupported(flags: ParsedFlags): void {
  for (const name of ["provenance", "sbom"] as const) {
    const value = flags.one(name);
    if (value !== undefined && parseBoolean(value) !== false) throw notSupported(`--${name}=${value}`, `--${name}=false builds without`);
  }
  for (const value of flags.all("attest")) {
    if (!csvPairs(value, `--attest "${value}"`).some(isDisabled)) throw notSupported(`--attest=${value}`);
  }
}

/** Returns true for `disabled=true` in a value of `--attest`. */
function isDisabled({ key, value = "" }: CsvPair): boolean {
  return key === "disabled" && parseBoolean(value) === true;
}

/** Reads `--pull`. "newer" equals "always": a registry that is asked returns the newest image. */
function pull(mode: string | undefined): NonNullable<BuildOptions["pull"]> {
  return mode === "never" ? mode : mode === "always" || mode === "newer";
}

/** Reads `--no-cache`. The bare flag means the layers. */
function noCache(mode: string | undefined): NonNullable<BuildOptions["noCache"]> {
  return mode === "mounts" || mode === "all" ? mode : mode !== undefined;
}

function buildArgs(values: readonly string[], environment: CliEnvironment): Record<string, string | undefined> {
  const args: Record<string, string | undefined> = {};
  // Read as docker buildx does, so that one exported variable makes a pipeline reproducible.
  const epoch = environment.env["SOURCE_DATE_EPOCH"];
  if (epoch) args["SOURCE_DATE_EPOCH"] = epoch;
  for (const value of values) {
    const at = value.indexOf("=");
    const name = at < 0 ? value : value.slice(0, at);
    if (name === "") throw badBuildArg(value);
    setMember(args, name, at < 0 ? environment.env[name] : value.slice(at + 1));
  }
  return args;
}

function pairs(
  values: readonly string[],
  { name, form = "KEY=VALUE" }: OptionFlag,
  value: "required" | "optional",
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of values) {
    const at = text.indexOf("=");
    if (at < 1 && (value === "required" || at === 0 || text === "")) {
      throw badPair(name, text, form);
    }
    setMember(result, at < 0 ? text : text.slice(0, at), at < 0 ? "" : text.slice(at + 1));
  }
  return result;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function platforms(values: readonly string[], environment: CliEnvironment): readonly string[] | undefined {
  if (values.includes("")) throw emptyPlatform();
  const fallback = environment.env["DOCKER_DEFAULT_PLATFORM"];
  const wanted = (values.length > 0 ? values : fallback ? [fallback] : [])
    .flatMap((value) => splitCsv(value, `--platform "${value}"`))
    .filter(Boolean);
  if (wanted.length === 0) return undefined;
  return wanted.map((name) => (name === "local" ? `linux/${ARCHITECTURES[process.arch] ?? process.arch}` : name));
}

/**
 * Reads the places of context and Dockerfile. The library recognises an archive or a Dockerfile on
 * the standard input by its content.
 */
export async function readInputs(flags: ParsedFlags, environment: CliEnvironment): Promise<Pick<BuildOptions, "context" | "dockerfile">> {
  const [operand = "."] = flags.operands;
  const file = flags.one("file");
  if (operand === "-" && file === "-") throw twoStandardInputs();
  const local = operand !== "-" && isLocal(hostPath(environment, operand));
  const context = operand === "-" ? environment.stdin : local ? hostPath(environment, operand) : operand;
  if (file === undefined) return { context };
  if (file === "-") return { context, dockerfile: { text: await collectText(environment.stdin, "<stdin>"), name: "<stdin>" } };
  // With another kind of context the path is one inside it.
  return { context, dockerfile: local && !/^https?:\/\//i.test(file) ? hostPath(environment, file) : file };
}

function isLocal(path: string): boolean {
  const kind = contextKind(path);
  return typeof kind !== "string" && kind.kind === "directory";
}
