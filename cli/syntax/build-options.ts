import { existsSync } from "node:fs";
import { setMember } from "../../core/set-member.js";
import { twoStandardInputs, badBuildArg, badWord } from "./errors.js";
import { contextKind } from "../../api/options/context-kind.js";
import { DOCKER_ISOLATIONS, parseIsolation } from "../../api/options/isolation.js";
import { collectText } from "../../api/sources/collect-text.js";
import type { OptionFlag, OptionsReading, Readings } from "../../api/options/option.js";
import type { BuildOptions } from "../../api/options/options.js";
import type { BUILD_OPTIONS } from "../../api/options/table.js";
import { parseAllow } from "../../api/texts/allow.js";
import { OPTION_FLAGS } from "./build-flags.js";
import { builderAddresses } from "../../api/texts/builders.js";
import { parseBytes } from "../../api/texts/bytes.js";
import { parseCacheFrom, parseCacheTo } from "../../api/texts/cache.js";
import { type Attestations, parseAttestations } from "../../api/texts/attestations.js";
import { splitCsv } from "../../api/texts/csv.js";
import { parsePairs } from "../../api/texts/pairs.js";
import { parsePlatforms } from "../../api/texts/platforms.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, storeRoot } from "../environment.js";
import type { ParsedFlags } from "./flags.js";
import { historyLimits } from "./history-limits.js";
import { parseJobs } from "./count.js";
import { parseSsh } from "../../api/texts/ssh.js";
import { parseSecrets } from "../../api/texts/secrets.js";
import { parseServices } from "../../api/texts/services.js";

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
  labels: all((texts, { flag }) => parsePairs(texts, flag, "optional")),
  pairs: all((texts, { flag }) => parsePairs(texts, flag, "required")),
  bytes: one((text, { name }) => parseBytes(text, `--${name}`)),
  word: one((text, { name, words = [] }) => {
    if (words.includes(text)) return text;
    throw badWord(name, text, words);
  }),
  switch: ({ flag, flags }) => flags.has(flag.name) || undefined,
};

/** Options whose flags have a grammar of their own. */
const OWN: { readonly [N in OptionsReading<typeof BUILD_OPTIONS, "own">]: Reader<BuildOptions[N]> } = {
  buildArgs: all((texts, { environment }) => buildArgs(texts, environment), { always: true }),
  platforms: all((texts, { environment }) => parsePlatforms(texts, environment), { always: true }),
  jobs: ({ flags }) => parseJobs(flags.one("jobs")),
  isolation: one((text) => (DOCKER_ISOLATIONS.includes(text) ? undefined : parseIsolation(text, "--isolation"))),
  provenance: ({ flags }) => attestations(flags).provenance,
  sbom: ({ flags }) => attestations(flags).sbom,
  pull: ({ flags }) => pull(flags.one("pull")),
  noCache: ({ flags }) => noCache(flags.one("no-cache")),
  cacheFrom: all((texts, { environment }) => parseCacheFrom(texts, environment)),
  cacheTo: all((texts, { environment }) => parseCacheTo(texts, environment)),
  root: ({ flags, environment }) => storeRoot(environment, flags.one("root")).root,
  secrets: all((texts, { environment }) => parseSecrets(texts, environment)),
  ssh: all((texts, { environment }) => parseSsh(texts, environment)),
  allow: all((texts, { environment }) => parseAllow(texts, environment)),
  builders: all((texts, { environment }) => builderAddresses(texts, environment), { always: true }),
  services: all((texts, { environment }) => parseServices(texts, environment)),
};

/**
 * Returns the library's options for a command line, without context, Dockerfile, outputs, signal
 * and callback.
 */
export function readBuildOptions(flags: ParsedFlags, environment: CliEnvironment): BuildOptions {
  const options: Record<string, unknown> = { collect: false, ...historyLimits(environment.env["TSBUILD_HISTORY"]) };
  for (const [name, flag] of OPTION_FLAGS) {
    if (flag.reads === "apart") continue;
    const read: Reader = flag.reads === "own" ? OWN[name as keyof typeof OWN] : READERS[flag.reads];
    const value = read({ flag, flags, environment });
    if (value !== undefined) options[name] = value;
  }
  return options;
}

function attestations(flags: ParsedFlags): Attestations {
  return parseAttestations({ provenance: flags.one("provenance"), sbom: flags.one("sbom"), attest: flags.all("attest") });
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

/**
 * Reads the places of context and Dockerfile. The library recognises an archive or a Dockerfile on
 * the standard input by its content.
 */
export async function readInputs(
  flags: ParsedFlags,
  environment: CliEnvironment,
): Promise<Pick<BuildOptions, "context" | "dockerfile" | "llb">> {
  const [operand = "."] = flags.operands;
  const file = flags.one("file");
  const definition = flags.one("llb");
  if ([operand, file, definition].filter((name) => name === "-").length > 1) throw twoStandardInputs();
  if (definition !== undefined)
    return { ...(await readDefinition(definition, flags, environment)), ...(file === undefined ? {} : { dockerfile: file }) };
  const path = hostPath(environment, operand);
  const local = operand !== "-" && (existsSync(path) || isLocal(operand));
  const context = operand === "-" ? environment.stdin : local ? path : operand;
  if (file === undefined) return { context };
  if (file === "-") return { context, dockerfile: { text: await collectText(environment.stdin, "<stdin>"), name: "<stdin>" } };
  // With another kind of context the path is one inside it.
  return { context, dockerfile: local && !/^https?:\/\//i.test(file) ? hostPath(environment, file) : file };
}

/**
 * Reads a definition. Without an operand it has no context: nothing of the working directory is
 * read for a graph that others made.
 */
async function readDefinition(
  file: string,
  { operands }: ParsedFlags,
  environment: CliEnvironment,
): Promise<Pick<BuildOptions, "context" | "llb">> {
  const { readDefinitionFile } = await import("./definition-file.js");
  const [operand] = operands;
  return {
    llb: await readDefinitionFile(file, environment),
    context: operand === undefined ? new Uint8Array() : hostPath(environment, operand),
  };
}

function isLocal(path: string): boolean {
  const kind = contextKind(path);
  return typeof kind !== "string" && kind.kind === "directory";
}
