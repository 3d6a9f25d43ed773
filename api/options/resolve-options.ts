import { noSuchOption, badNoCache } from "./errors.js";
import { defaultRoot } from "../../cache/paths.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";
import type { GrantedRights } from "../../llb/entitlements.js";
import { checkCompression } from "../../oci/layer/write/compress.js";
import { hostPlatform, type Platform, parsePlatform } from "../../oci/platform.js";
import { parseImageName, parseReference } from "../../oci/reference.js";
import { cacheBudget } from "./cache-budget.js";
import { valuesOf } from "./cache-types.js";
import type { WithDefaults } from "./option.js";
import { checkOptionShapes } from "./option-shapes.js";
import { withConfigProxies } from "./proxies.js";
import type { BuildOptions, CacheFrom, CacheTo } from "./options.js";
import { resolveOutputs } from "./resolve-outputs.js";
import { checkJobs, checkShmSize, parseExtraHosts, parseUlimits } from "./step-options.js";
import { BUILD_OPTIONS } from "./table.js";

/** Build options with every default filled in and every text read. */
export type ResolvedBuildOptions = Readonly<ReturnType<typeof resolve>>;

/**
 * Checks options and fills in defaults. Reports every fault that the options alone show, before a
 * store is opened. Throws UsageError with `options/…`, `reference/invalid`, `platform/invalid`.
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
    if (Object.hasOwn(BUILD_OPTIONS, key)) continue;
    const near = suggest(key, Object.keys(BUILD_OPTIONS));
    throw noSuchOption(key, near);
  }
  checkOptionShapes(options);
}

/** Returns the options with the defaults of the table for missing ones. */
function withDefaults(options: BuildOptions): WithDefaults<typeof BUILD_OPTIONS> {
  return Object.fromEntries(
    Object.entries(BUILD_OPTIONS).map(([name, row]) => [name, options[name as keyof BuildOptions] ?? row.default]),
  ) as unknown as WithDefaults<typeof BUILD_OPTIONS>;
}

function resolve(options: BuildOptions, root: string, env: Readonly<Record<string, string | undefined>>) {
  const given = withDefaults(options);
  const { network } = given;
  const { buildArgs, warning } = withConfigProxies(resolveBuildArgs(given.buildArgs, env), env);
  const platforms: readonly Platform[] = given.platforms.length > 0 ? given.platforms.map((text) => parsePlatform(text)) : [hostPlatform()];
  const granted: GrantedRights = { network, allow: new Set(given.allow) };
  return {
    ...given,
    /** Build arguments with proxies and values of the environment. */
    buildArgs,
    /** Canonical names, with tag. */
    names: [...new Set(given.tags.map(parseImageName))] as readonly string[],
    platforms,
    platformExplicit: given.platforms.length > 0,
    outputs: resolveOutputs(options, platforms),
    noCache: noCacheOf(options) ? true : (given.noCacheFilter.map((stage) => stage.toLowerCase()) as readonly string[]),
    cacheFrom: checkedCaches(given.cacheFrom, "from"),
    cacheTo: checkedCaches(given.cacheTo, "to"),
    /** Cache mounts begin empty. */
    freshMounts: options.noCache === "mounts" || options.noCache === "all",
    /** True where the build is recorded. */
    recorded: given.history !== false,
    /** Limits of the history; undefined for the defaults. */
    history: given.history === false ? undefined : given.history,
    /** Directory of the store, absolute. */
    root,
    /** Bytes that the store may take. */
    budget: cacheBudget(root, options.cacheBudget ?? env["TSBUILD_CACHE_BUDGET"]),
    granted,
    extraHosts: parseExtraHosts(given.addHosts),
    ulimits: parseUlimits(given.ulimits),
    shmSize: checkShmSize(given.shmSize),
    jobs: checkJobs(given.jobs),
    /** Warnings of reading the options. */
    warnings: (warning === undefined ? [] : [warning]) as readonly Diagnostic[],
  };
}

/**
 * Throws `reference/invalid` for a cache with a wrong name, `layer/…` for an unsupported
 * compression.
 */
function checkedCaches<T extends CacheFrom | CacheTo>(caches: readonly T[], direction: "from" | "to"): readonly T[] {
  for (const cache of caches) {
    for (const ref of valuesOf(cache, direction, "reference")) parseReference(ref);
    if (!("compression" in cache || "compressionLevel" in cache)) continue;
    const { compression: type = "gzip", compressionLevel: level } = cache;
    checkCompression({ type, ...(level === undefined ? {} : { level }) });
  }
  return caches;
}

/** Returns true when every step runs. */
function noCacheOf({ noCache = false }: BuildOptions): boolean {
  if (typeof noCache === "boolean") return noCache;
  if (noCache !== "layers" && noCache !== "mounts" && noCache !== "all") throw badNoCache(noCache);
  return noCache !== "mounts";
}

/**
 * Resolves build arguments. A name without a value takes the environment's. Adds SOURCE_DATE_EPOCH
 * as buildx does.
 */
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
