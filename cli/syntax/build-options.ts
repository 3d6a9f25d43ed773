import { contextKind } from "../../api/options/context-kind.js";
import { collectText } from "../../api/sources/collect-text.js";
import type { BuildOptions } from "../../api/options/options.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseAllow } from "./allow-syntax.js";
import { parseBytes } from "./bytes.js";
import { parseCacheFrom, parseCacheTo } from "./cache-syntax.js";
import { type CsvPair, csvPairs, splitCsv } from "./csv.js";
import { type CliEnvironment, hostPath, storeRoot } from "../environment.js";
import { notSupported, UsageError } from "../exit-codes.js";
import type { ParsedFlags } from "./flags.js";
import { historyLimits } from "./history-limits.js";
import { parseSsh } from "./ssh-syntax.js";
import { parseSecrets } from "./secrets-syntax.js";

/**
 * Returns the library's options for a command line, without context, Dockerfile, outputs, signal
 * and callback.
 */
export function readBuildOptions(flags: ParsedFlags, environment: CliEnvironment): BuildOptions {
  refuseUnsupported(flags);
  const target = flags.one("target");
  const network = flags.one("network");
  const shmSize = flags.one("shm-size");
  const maxUnpackedSize = flags.one("max-unpacked-size");
  const jobs = flags.one("jobs");
  const cacheBudget = flags.one("cache-budget");
  if (network !== undefined && network !== "default" && network !== "none" && network !== "host") {
    throw new UsageError("cli/bad-value", `Cannot use network "${network}": it is none of default, none, host`);
  }
  if (jobs !== undefined && !/^[1-9]\d*$/.test(jobs))
    throw new UsageError("cli/bad-value", `Cannot use "${jobs}" for --jobs: expected a number from 1 on`);
  return {
    ...storeRoot(environment, flags.one("root")),
    ...(target === undefined ? {} : { target }),
    ...(network === undefined ? {} : { network }),
    ...(flags.all("allow").length === 0 ? {} : { allow: parseAllow(flags.all("allow")) }),
    ...(shmSize === undefined ? {} : { shmSize: parseBytes(shmSize, "--shm-size") }),
    ...(maxUnpackedSize === undefined ? {} : { maxUnpackedSize: parseBytes(maxUnpackedSize, "--max-unpacked-size") }),
    ...(jobs === undefined ? {} : { jobs: Number(jobs) }),
    ...(cacheBudget === undefined ? {} : { cacheBudget }),
    collect: false,
    buildArgs: buildArgs(flags.all("build-arg"), environment),
    buildContexts: pairs(flags.all("build-context"), "build-context", "required"),
    labels: pairs(flags.all("label"), "label", "optional"),
    annotations: pairs(flags.all("annotation"), "annotation", "required"),
    tags: flags.all("tag"),
    ...platforms(flags.all("platform"), environment),
    noCache: noCache(flags.one("no-cache")),
    noCacheFilter: flags.all("no-cache-filter").flatMap((value) => splitCsv(value, `--no-cache-filter "${value}"`)),
    cacheFrom: parseCacheFrom(flags.all("cache-from"), environment),
    cacheTo: parseCacheTo(flags.all("cache-to"), environment),
    pull: pull(flags.one("pull")),
    ...(flags.has("explain") ? { explain: true } : {}),
    ...historyLimits(environment.env["TSBUILD_HISTORY"]),
    addHosts: flags.all("add-host"),
    ulimits: flags.all("ulimit"),
    ...(flags.all("secret").length > 0 ? { secrets: parseSecrets(flags.all("secret"), environment) } : {}),
    ...(flags.all("ssh").length > 0 ? { ssh: parseSsh(flags.all("ssh"), environment) } : {}),
  };
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
  // As docker buildx does, so that one exported variable makes a pipeline reproducible.
  const epoch = environment.env["SOURCE_DATE_EPOCH"];
  if (epoch) args["SOURCE_DATE_EPOCH"] = epoch;
  for (const value of values) {
    const at = value.indexOf("=");
    const name = at < 0 ? value : value.slice(0, at);
    if (name === "") throw new UsageError("cli/bad-value", `Cannot read --build-arg "${value}": expected NAME=VALUE or NAME`);
    args[name] = at < 0 ? environment.env[name] : value.slice(at + 1);
  }
  return args;
}

function pairs(values: readonly string[], flag: string, value: "required" | "optional"): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of values) {
    const at = text.indexOf("=");
    if (at < 1 && (value === "required" || at === 0 || text === "")) {
      throw new UsageError(
        "cli/bad-value",
        `Cannot read --${flag} "${text}": expected ${flag === "build-context" ? "NAME=SOURCE" : "KEY=VALUE"}`,
      );
    }
    result[at < 0 ? text : text.slice(0, at)] = at < 0 ? "" : text.slice(at + 1);
  }
  return result;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function platforms(values: readonly string[], environment: CliEnvironment): { readonly platforms?: readonly string[] } {
  if (values.includes("")) throw new UsageError("cli/bad-value", 'Cannot read --platform "": expected os/arch, such as linux/arm64');
  const fallback = environment.env["DOCKER_DEFAULT_PLATFORM"];
  const wanted = (values.length > 0 ? values : fallback ? [fallback] : [])
    .flatMap((value) => splitCsv(value, `--platform "${value}"`))
    .filter(Boolean);
  if (wanted.length === 0) return {};
  return { platforms: wanted.map((name) => (name === "local" ? `linux/${ARCHITECTURES[process.arch] ?? process.arch}` : name)) };
}

/**
 * Reads the places of context and Dockerfile. The library recognises an archive or a Dockerfile on
 * the standard input by its content.
 */
export async function readInputs(flags: ParsedFlags, environment: CliEnvironment): Promise<Pick<BuildOptions, "context" | "dockerfile">> {
  const [operand = "."] = flags.operands;
  const file = flags.one("file");
  if (operand === "-" && file === "-")
    throw new UsageError("cli/bad-value", "Cannot read both the context and the Dockerfile from the standard input");
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
