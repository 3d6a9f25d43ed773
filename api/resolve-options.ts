import { defaultRoot } from "../cache/paths.js";
import type { Diagnostic } from "../core/diagnostics.js";
import { TsbuildError } from "../core/errors.js";
import { suggest } from "../core/suggest.js";
import type { Consent } from "../llb/entitlements.js";
import { hostPlatform, type Platform, parsePlatform } from "../oci/platform.js";
import { parseImageName } from "../oci/reference.js";
import { cacheBudget } from "./cache-budget.js";
import { checkOptionShapes } from "./option-shapes.js";
import { withConfigProxies } from "./proxies.js";
import type { BuildOptions, CacheFrom, CacheTo } from "./options.js";
import { type ResolvedOutput, resolveOutputs } from "./resolve-outputs.js";

/** Build options with every default filled in and every text read. */
export interface ResolvedBuildOptions {
  readonly context: NonNullable<BuildOptions["context"]>;
  readonly dockerfile: BuildOptions["dockerfile"];
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly buildContexts: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Canonical, with tag. */
  readonly names: readonly string[];
  readonly platforms: readonly Platform[];
  readonly platformExplicit: boolean;
  readonly outputs: readonly ResolvedOutput[];
  readonly noCache: boolean | readonly string[];
  readonly cacheFrom: readonly CacheFrom[];
  readonly cacheTo: readonly CacheTo[];
  /** Cache mounts begin empty. */
  readonly freshMounts: boolean;
  readonly explain: boolean;
  readonly history: boolean;
  /** Of the store, absolute. */
  readonly root: string;
  /** Bytes the store may take. */
  readonly budget: number | undefined;
  readonly collect: boolean;
  readonly pull: boolean;
  readonly network: "default" | "none" | "host";
  readonly consent: Consent;
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly shmSize: number | undefined;
  readonly secrets: NonNullable<BuildOptions["secrets"]>;
  readonly ssh: NonNullable<BuildOptions["ssh"]>;
  readonly jobs: number;
  /** Found while the options were read. */
  readonly warnings: readonly Diagnostic[];
}

/** Steps wait for networks and disks more than they compute: as in BuildKit, the machine's cores are no limit, only its patience is. */
const DEFAULT_JOBS = 64;

const KNOWN: Readonly<Record<keyof BuildOptions, true>> = {
  root: true,
  signal: true,
  onEvent: true,
  context: true,
  dockerfile: true,
  target: true,
  buildArgs: true,
  buildContexts: true,
  labels: true,
  annotations: true,
  tags: true,
  platforms: true,
  outputs: true,
  noCache: true,
  noCacheFilter: true,
  cacheFrom: true,
  cacheTo: true,
  pull: true,
  network: true,
  allow: true,
  addHosts: true,
  shmSize: true,
  ulimits: true,
  secrets: true,
  ssh: true,
  jobs: true,
  explain: true,
  history: true,
  cacheBudget: true,
  collect: true,
};

/** Checks options and fills in defaults. Throws `options/…`, `reference/invalid`. */
export function resolveBuildOptions(
  options: BuildOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ResolvedBuildOptions {
  for (const key of Object.keys(options)) {
    if (key in KNOWN) continue;
    const near = suggest(key, Object.keys(KNOWN));
    throw new TsbuildError(
      "options/unknown",
      `Cannot build: there is no option "${key}"`,
      near === undefined ? {} : { hint: `Did you mean "${near}"?` },
    );
  }
  checkOptionShapes(options);
  const network = options.network ?? "default";
  const root = options.root ?? defaultRoot(env);
  const jobs = options.jobs ?? DEFAULT_JOBS;
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new TsbuildError("options/invalid", `Cannot use ${jobs} as the number of jobs: it must be a whole number from 1`);
  const { buildArgs, warning } = withConfigProxies(resolveBuildArgs(options.buildArgs ?? {}, env), env);
  const platforms = options.platforms?.length ? options.platforms.map((text) => parsePlatform(text)) : [hostPlatform()];
  return {
    context: options.context ?? ".",
    dockerfile: options.dockerfile,
    target: options.target,
    buildArgs,
    buildContexts: options.buildContexts ?? {},
    labels: options.labels ?? {},
    names: [...new Set((options.tags ?? []).map(parseImageName))],
    platforms,
    platformExplicit: (options.platforms?.length ?? 0) > 0,
    outputs: resolveOutputs(options, platforms),
    noCache: noCacheOf(options) ? true : (options.noCacheFilter ?? []).map((stage) => stage.toLowerCase()),
    cacheFrom: options.cacheFrom ?? [],
    cacheTo: options.cacheTo ?? [],
    freshMounts: options.noCache === "mounts" || options.noCache === "all",
    explain: options.explain ?? false,
    history: options.history !== false,
    root,
    budget: cacheBudget(root, options.cacheBudget ?? env["TSBUILD_CACHE_BUDGET"]),
    collect: options.collect ?? true,
    pull: options.pull ?? false,
    network,
    consent: { network, allow: new Set(options.allow) },
    extraHosts: (options.addHosts ?? []).map(parseExtraHost),
    ulimits: (options.ulimits ?? []).map(parseUlimit),
    shmSize: options.shmSize,
    secrets: options.secrets ?? {},
    ssh: options.ssh ?? {},
    jobs,
    warnings: warning === undefined ? [] : [warning],
  };
}

/** Whether every step runs. */
function noCacheOf({ noCache = false }: BuildOptions): boolean {
  if (typeof noCache === "boolean") return noCache;
  if (noCache !== "layers" && noCache !== "mounts" && noCache !== "all")
    throw new TsbuildError(
      "options/invalid",
      `Cannot use "${String(noCache)}" for noCache: it is none of true, false, layers, mounts, all`,
    );
  return noCache !== "mounts";
}

/** A name without a value takes the environment's; SOURCE_DATE_EPOCH is taken along as buildx does. */
function resolveBuildArgs(
  args: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const resolved: Record<string, string> = {};
  if (env["SOURCE_DATE_EPOCH"]) resolved["SOURCE_DATE_EPOCH"] = env["SOURCE_DATE_EPOCH"];
  for (const [name, given] of Object.entries(args)) {
    const value = given ?? env[name];
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

/** `host:ip` or `host=ip`; IPv6 addresses may stand in brackets. */
function parseExtraHost(text: string): { host: string; ip: string } {
  const [, host, address] = /^([^:=\s]+)[:=](\S+)$/.exec(text) ?? [];
  if (host === undefined || address === undefined)
    throw new TsbuildError("options/invalid", `Cannot use "${text}" as an extra host: it is not of the form host:ip`, {
      hint: "For example --add-host db:10.0.0.5",
    });
  return { host, ip: address.replace(/^\[(.*)\]$/, "$1") };
}

/** `name=soft[:hard]`; -1 is no limit. */
function parseUlimit(text: string): { name: string; soft: number; hard: number } {
  const [, name, soft, hard] = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  if (name === undefined || soft === undefined)
    throw new TsbuildError("options/invalid", `Cannot use "${text}" as a ulimit: it is not of the form name=soft[:hard]`, {
      hint: "For example --ulimit nofile=1024:4096",
    });
  return { name, soft: Number(soft), hard: Number(hard ?? soft) };
}
