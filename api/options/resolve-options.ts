import { readAuthorities } from "./authorities.js";
import { badNoCache } from "./errors.js";
import { defaultRoot } from "../../cache/paths.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import { UsageError } from "../../core/errors.js";
import { hostPlatform, type Platform, parsePlatform } from "../../oci/platform.js";
import { parseImageName } from "../../oci/reference.js";
import { resolveBuildArgs } from "./build-args.js";
import { cacheBudget } from "./cache-budget.js";
import { checkedCaches } from "./cache-types.js";
import type { ClientPorts } from "./client-ports.js";
import type { WithDefaults } from "./option.js";
import { checkOptionShapes } from "./option-shapes.js";
import type { BuildOptions } from "./options.js";
import { attestsAlways, resolveAttestations, resolveOutputs } from "./resolve-outputs.js";
import { resolveSteps } from "./steps/resolve-steps.js";
import { BUILD_OPTIONS } from "./table.js";

/** Build options with every default filled in and every text read. */
export type ResolvedBuildOptions = Readonly<ReturnType<typeof resolve>> & {
  /** The client that the build is for; undefined for a build of this process. */
  readonly client?: ClientPorts;
};

/**
 * Checks options and fills in defaults. Reports every fault that the options alone show, before a
 * store is opened. Throws UsageError with `options/…`, `reference/invalid`, `platform/invalid`.
 */
export function resolveBuildOptions(
  options: BuildOptions,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ResolvedBuildOptions {
  UsageError.of(() => checkOptionShapes(options));
  const root = options.root ?? defaultRoot(env);
  return UsageError.of(() => resolve(options, root, env));
}

/** Returns the options with the defaults of the table for missing ones. */
function withDefaults(options: BuildOptions): WithDefaults<typeof BUILD_OPTIONS> {
  return Object.fromEntries(
    Object.entries(BUILD_OPTIONS).map(([name, row]) => [name, options[name as keyof BuildOptions] ?? row.default]),
  ) as unknown as WithDefaults<typeof BUILD_OPTIONS>;
}

function resolve(options: BuildOptions, root: string, env: Readonly<Record<string, string | undefined>>) {
  const given = withDefaults(options);
  const noCache = noCacheOf(options) ? true : (given.noCacheFilter.map((stage) => stage.toLowerCase()) as readonly string[]);
  const { buildArgs, warning } = resolveBuildArgs(given.buildArgs, env);
  const platforms: readonly Platform[] = given.platforms.length > 0 ? given.platforms.map((text) => parsePlatform(text)) : [hostPlatform()];
  const attestations = resolveAttestations(given);
  return {
    ...given,
    /** Build arguments with proxies and values of the environment. */
    buildArgs,
    /** Canonical names, with tag. */
    names: [...new Set(given.tags.map(parseImageName))] as readonly string[],
    platforms,
    platformExplicit: given.platforms.length > 0,
    ...attestations,
    outputs: resolveOutputs(options, platforms, attestsAlways(attestations)),
    noCache,
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
    /** Texts of the certificates of `ca`. */
    authorities: readAuthorities(given.ca),
    ...resolveSteps(given, env),
    /** Warnings of reading the options. */
    warnings: (warning === undefined ? [] : [warning]) as readonly Diagnostic[],
  };
}

/** Returns true when every step runs. */
function noCacheOf({ noCache = false }: BuildOptions): boolean {
  if (typeof noCache === "boolean") return noCache;
  if (noCache !== "layers" && noCache !== "mounts" && noCache !== "all") throw badNoCache(noCache);
  return noCache !== "mounts";
}
