import { type AnyCode, systemErrorCode, TsbuildError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import type { Store } from "../../cache/store.js";
import { parseReference } from "../../oci/reference.js";
import type { FetchBlob } from "../../solver/layers/ports.js";
import type { CacheImports } from "./cache-imports.js";
import type { Network } from "../session/network.js";

type Servers = Pick<Network, "registry" | "caches">;

/**
 * Thrown when the bytes of a layer cannot be fetched from their recorded place. Shown like its
 * cause.
 */
export class LayerUnavailableError extends TsbuildError {
  readonly origin: string;
  override readonly name = "LayerUnavailableError";

  constructor(origin: string, cause: TsbuildError) {
    super(cause.code as AnyCode, cause.message, { cause, ...(cause.hint === undefined ? {} : { hint: cause.hint }) });
    this.origin = origin;
  }
}

/**
 * Returns a function that fetches layers from registries, and from the caches that this build or an
 * earlier one read from.
 */
export function layerFetcher(network: Servers, imports: CacheImports | undefined): FetchBlob {
  return async function* (origin, blob, options) {
    const source = imports?.source(origin) ?? (origin.startsWith("cache:") ? await openEarlierCache(network, origin) : undefined);
    try {
      yield* source ? source.blob(blob, options) : (await network.registry()).blob(parseReference(origin), blob, options);
    } catch (error) {
      if (options.signal.aborted) throw error;
      if (!(error instanceof TsbuildError))
        throw source && systemErrorCode(error) ? new LayerUnavailableError(origin, unreadable(source.name, error)) : error;
      // A base image that cannot be reached now cannot be reached in a second try either.
      throw source || error.code === "registry/not-found" ? new LayerUnavailableError(origin, error) : error;
    }
  };
}

function unreadable(name: string, cause: unknown): TsbuildError {
  return new TsbuildError("cache/unreadable", `Cannot read from the ${name}: ${(cause as Error).message}`, { cause });
}

async function openEarlierCache(network: Pick<Servers, "caches">, origin: string) {
  const { openOrigin } = await import("../../cache/remote/open.js");
  const source = await openOrigin(origin, await network.caches()).catch((error: unknown) => {
    throw error instanceof TsbuildError ? new LayerUnavailableError(origin, error) : error;
  });
  if (source) return source;
  const gone = new TsbuildError("cache/not-found", `Cannot fetch a layer: the cache it came from cannot be used here (${origin})`);
  throw new LayerUnavailableError(origin, gone);
}

/**
 * Runs work. When a layer cannot be fetched from its recorded place, forgets everything that
 * depends on this place, and runs the work again without its results.
 */
export async function withoutLostLayers<T>(
  work: () => Promise<T>,
  {
    store,
    imports,
    onEvent,
    consequence = "what was cached with it is built again",
  }: {
    readonly store: Pick<Store, "layers">;
    readonly imports: CacheImports | undefined;
    readonly onEvent: EventSink;
    /** Consequence, for messages. */
    readonly consequence?: string;
  },
): Promise<T> {
  const lost = new Set<string>();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LayerUnavailableError) || lost.has(error.origin)) throw error;
      lost.add(error.origin);
      imports?.drop(error.origin);
      store.layers.forgetOrigin(error.origin);
      onEvent({
        type: "warning",
        diagnostic: { severity: "warning", code: "cache/layer-lost", message: `${error.message}; ${consequence}` },
      });
    }
  }
}
