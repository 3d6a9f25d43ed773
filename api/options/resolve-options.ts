import { defaultRoot } from "../../cache/paths.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { TsbuildError, UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";
import type { Consent } from "../../llb/entitlements.js";
import { checkCompression } from "../../oci/layer/write/compress.js";
import { hostPlatform, type Platform, parsePlatform } from "../../oci/platform.js";
import { parseImageName, parseReference } from "../../oci/reference.js";
import { cacheBudget } from "./cache-budget.js";
import { checkOptionShapes } from "./option-shapes.js";
import { withConfigProxies } from "./proxies.js";
import type { BuildOptions, CacheFrom, CacheTo } from "./options.js";
import { type ResolvedOutput, resolveOutputs } from "./resolve-outputs.js";
import { checkJobs, checkShmSize, parseExtraHosts, parseUlimits } from "./step-options.js";
import { UNPACKED_LIMIT } from "../../oci/layer/model/unpacked-size.js";

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
  readonly onTrace: BuildOptions["onTrace"];
  readonly history: boolean;
  /** Of the store, absolute. */
  readonly root: string;
  /** Bytes the store may take. */
  readonly budget: number | undefined;
  readonly collect: boolean;
  readonly pull: boolean | "never";
  readonly network: "default" | "none" | "host";
  readonly consent: Consent;
  readonly extraHosts: readonly { readonly host: string; readonly ip: string }[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly shmSize: number | undefined;
  readonly maxUnpackedSize: number;
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
  onTrace: true,
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
  maxUnpackedSize: true,
  ulimits: true,
  secrets: true,
  ssh: true,
  jobs: true,
  explain: true,
  history: true,
  cacheBudget: true,
  collect: true,
};

/**
 * Checks options and fills in defaults. All that can be told from the options alone is told here, before a store is opened. Throws UsageError with `options/…`,
 * `reference/invalid`, `platform/invalid`.
 */
export function resolveBuildOptions(
  options: BuildOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ResolvedBuildOptions {
  UsageError.of(() => checkNames(options));
  const root = options.root ?? defaultRoot(env);
  return UsageError.of(() => resolve(options, root, env));
}

function checkNames(options: BuildOptions): void {
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
}

function resolve(options: BuildOptions, root: string, env: Readonly<Record<string, string | undefined>>): ResolvedBuildOptions {
  const network = options.network ?? "default";
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
    cacheFrom: checkedCaches(options.cacheFrom ?? []),
    cacheTo: checkedCaches(options.cacheTo ?? []),
    freshMounts: options.noCache === "mounts" || options.noCache === "all",
    explain: options.explain ?? false,
    onTrace: options.onTrace,
    history: options.history !== false,
    root,
    budget: cacheBudget(root, options.cacheBudget ?? env["TSBUILD_CACHE_BUDGET"]),
    collect: options.collect ?? true,
    pull: options.pull ?? false,
    network,
    consent: { network, allow: new Set(options.allow) },
    extraHosts: parseExtraHosts(options.addHosts ?? []),
    ulimits: parseUlimits(options.ulimits ?? []),
    shmSize: checkShmSize(options.shmSize),
    maxUnpackedSize: options.maxUnpackedSize ?? UNPACKED_LIMIT,
    secrets: options.secrets ?? {},
    ssh: options.ssh ?? {},
    jobs: checkJobs(options.jobs ?? DEFAULT_JOBS),
    warnings: warning === undefined ? [] : [warning],
  };
}

/** Throws `reference/invalid` for a cache whose name is none, `layer/…` for a compression that cannot be had. */
function checkedCaches<T extends CacheFrom | CacheTo>(caches: readonly T[]): readonly T[] {
  for (const cache of caches) {
    if (cache.type === "registry") parseReference(cache.ref);
    if (!("compression" in cache || "compressionLevel" in cache)) continue;
    const { compression: type = "gzip", compressionLevel: level } = cache;
    checkCompression({ type, ...(level === undefined ? {} : { level }) });
  }
  return caches;
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
