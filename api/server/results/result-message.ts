import { formatPlatform, type Platform, parsePlatform } from "../../../oci/platform.js";
import type { History, ImageConfig } from "../../../oci/types.js";
import type { FrontendResult, HistoryEntry } from "../../../frontend/frontend.js";
import { badRequest } from "../errors.js";
import type { ResultMessage, SolvedRef } from "../job-parts.js";

/** Names of what a result says of itself, as BuildKit's exporters read it. */
const CONFIG = "containerimage.config";
const PLATFORMS = "refs.platforms";

interface NamedPlatform {
  readonly ID: string;
  readonly Platform: { readonly architecture: string; readonly os: string; readonly variant?: string };
}

/** Returns results as a client gets them, before they are made. */
export function resultMessage(refs: readonly SolvedRef[], named: boolean): ResultMessage {
  const [only, ...others] = refs;
  if (!only) return {};
  if (others.length === 0)
    return {
      ref: { id: only.result.rootfs === undefined ? "" : only.id },
      metadata: new Map([[CONFIG, configOf(only.result)], ...(named ? [platformsOf(refs)] : [])]),
    };
  return {
    refs: { refs: new Map(refs.map((ref) => [formatPlatform(ref.result.platform), { id: ref.id }])) },
    metadata: new Map([
      ...refs.map((ref) => [`${CONFIG}/${formatPlatform(ref.result.platform)}`, configOf(ref.result)] as const),
      platformsOf(refs),
    ]),
  };
}

function platformsOf(refs: readonly SolvedRef[]): readonly [string, Uint8Array] {
  const Platforms = refs.map(({ result: { platform } }): NamedPlatform => {
    const { os, architecture, variant } = platform;
    return { ID: formatPlatform(platform), Platform: { architecture, os, ...(variant === undefined ? {} : { variant }) } };
  });
  return [PLATFORMS, Buffer.from(JSON.stringify({ Platforms }))];
}

/** Returns the config of an image as far as it is known before it is made. */
function configOf({ config, baseHistory, history }: FrontendResult): Uint8Array {
  const own = history.map(({ layer, ...entry }): History => ({ ...entry, ...(layer ? {} : { empty_layer: true }) }));
  return Buffer.from(JSON.stringify({ ...config, rootfs: { type: "layers", diff_ids: [] }, history: [...baseHistory, ...own] }));
}

/** The results that a client was given. */
interface Results {
  readonly refs: ReadonlyMap<string, SolvedRef>;
  result(id: string): SolvedRef;
}

interface Returned {
  readonly results: readonly { readonly ref: SolvedRef; readonly result: FrontendResult }[];
}

/** Reads the result that a client returns. Throws for one that it was not given. */
export function returnedResults({ ref, refs, refDeprecated, refsDeprecated, metadata = new Map() }: ResultMessage, job: Results): Returned {
  const byPlatform = refs?.refs ?? new Map([...(refsDeprecated?.refs ?? [])].map(([name, id]) => [name, { id }]));
  const platforms = namedPlatforms(metadata.get(PLATFORMS));
  if (byPlatform.size > 0) {
    const order =
      platforms.length > 0
        ? platforms
        : [...byPlatform.keys()].sort().map((name): readonly [string, Platform] => [name, parsePlatform(name)]);
    return {
      results: order.map(([name, platform]) => {
        const found = byPlatform.get(name);
        if (!found) throw badRequest(`the result has no reference for ${name}`);
        return withConfig(job.result(found.id ?? ""), metadata.get(`${CONFIG}/${name}`), platform);
      }),
    };
  }
  const id = ref?.id ?? refDeprecated ?? "";
  const [first, ...others] = id === "" ? [...job.refs.values()].filter(({ result }) => result.rootfs === undefined) : [job.result(id)];
  if (!first || others.length > 0) return { results: [] };
  const [only] = platforms;
  const config = metadata.get(CONFIG) ?? (only && metadata.get(`${CONFIG}/${only[0]}`));
  return { results: [withConfig(first, config, only?.[1])] };
}

function namedPlatforms(bytes: Uint8Array | undefined): readonly (readonly [string, Platform])[] {
  if (bytes === undefined) return [];
  const { Platforms = [] } = parsed(bytes, PLATFORMS) as { readonly Platforms?: readonly NamedPlatform[] };
  return Platforms.map(({ ID, Platform: { os, architecture, variant } }) => {
    const platform = { os, architecture, ...(variant ? { variant } : {}) };
    return [ID, platform] as const;
  });
}

/** Returns a result with the config that its client gave it, which may be the one that it had. */
function withConfig(ref: SolvedRef, bytes: Uint8Array | undefined, platform: Platform | undefined): Returned["results"][number] {
  const { result } = ref;
  if (bytes === undefined || Buffer.compare(bytes, configOf(result)) === 0)
    return { ref, result: platform ? { ...result, platform } : result };
  const { rootfs: _, history = [], created: _created, ...config } = parsed(bytes, CONFIG) as ImageConfig;
  const layers = result.history.filter(({ layer }) => layer).length;
  return {
    ref,
    result: {
      ...result,
      ...(platform && { platform }),
      config,
      baseHistory: [],
      history:
        history.length === 0 ? layersOnly(layers) : history.map((entry): HistoryEntry => ({ ...entry, layer: entry.empty_layer !== true })),
    },
  };
}

/** Returns a history of layers of which nothing is known. */
function layersOnly(count: number): readonly HistoryEntry[] {
  return Array.from({ length: count }, () => ({ comment: "buildkit.exporter.image.v0", layer: true }));
}

function parsed(bytes: Uint8Array, name: string): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Reported below.
  }
  throw badRequest(`${name} is no JSON object`);
}
