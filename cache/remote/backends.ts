import { TsbuildError, unreachable } from "../../core/errors.js";
import type { Environment } from "../../net/proxy.js";
import { parseReference } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import type { CacheSource, CacheTarget } from "./backend.js";
import type { CacheHttp } from "./http.js";
import type { ManifestForm } from "./manifest.js";
import type { CacheFrom, CacheTo } from "./options.js";
import { parseCacheOrigin } from "./origin.js";

/** Services of a build that backends use. */
export interface BackendContext {
  readonly env: Environment;
  /** Returns a client. `insecure` lists hosts whose certificates are not checked. */
  readonly registry: (insecure: readonly string[]) => Promise<RegistryClient>;
  readonly http: CacheHttp;
}

/**
 * Opens the place that a cache is read from. Returns undefined for one that does not exist here
 * (`gha` outside GitHub Actions).
 */
export async function openSource(options: CacheFrom, context: BackendContext): Promise<CacheSource | undefined> {
  switch (options.type) {
    case "registry": {
      const { registrySource } = await import("./registry.js");
      return registrySource(options.ref, () => context.registry(insecureHosts(options)));
    }
    case "local":
      return (await import("./local-directory.js")).localSource(options);
    case "gha": {
      const { ghaSource, hasActionsCache } = await import("./gha.js");
      return hasActionsCache(options, context.env) ? ghaSource(options, context.http, context.env) : undefined;
    }
    case "s3":
      return (await import("./s3.js")).s3Source(options, context.http, context.env);
    default:
      return unreachable(options);
  }
}

/** Opens the place that a cache is written to. Returns undefined as {@link openSource} does. */
export async function openTarget(options: Exclude<CacheTo, { type: "inline" }>, context: BackendContext): Promise<CacheTarget | undefined> {
  switch (options.type) {
    case "registry": {
      const { registryTarget } = await import("./registry.js");
      return registryTarget(options.ref, manifestForm(options), () => context.registry(insecureHosts(options)));
    }
    case "local": {
      const { localTarget } = await import("./local-directory.js");
      return localTarget({ ...options, form: manifestForm(options) });
    }
    case "gha": {
      const { ghaTarget, hasActionsCache } = await import("./gha.js");
      return hasActionsCache(options, context.env) ? ghaTarget(options, context.http, context.env) : undefined;
    }
    case "s3":
      return (await import("./s3.js")).s3Target(options, context.http, context.env);
    default:
      return unreachable(options);
  }
}

/**
 * Opens the cache that a layer of an earlier build came from, with the credentials of this build.
 * Returns undefined for a layer of an image.
 */
export async function openOrigin(origin: string, context: BackendContext): Promise<CacheSource | undefined> {
  const parsed = parseCacheOrigin(origin);
  switch (parsed?.type) {
    case undefined:
      return undefined;
    case "local":
      return openSource({ type: "local", src: parsed.src }, context);
    case "gha":
      return openSource({ type: "gha" }, context);
    case "s3": {
      const { bucket, region, prefix, endpoint, pathStyle } = parsed;
      return openSource(
        {
          type: "s3",
          bucket,
          region,
          blobsPrefix: prefix,
          ...(endpoint === undefined ? {} : { endpointUrl: endpoint }),
          ...(pathStyle === undefined ? {} : { usePathStyle: pathStyle }),
        },
        context,
      );
    }
  }
}

function manifestForm({
  imageManifest,
  ociMediaTypes: oci = true,
}: {
  readonly imageManifest?: boolean;
  readonly ociMediaTypes?: boolean;
}): ManifestForm {
  if (imageManifest === true && !oci)
    throw new TsbuildError("options/invalid", "Cannot write the cache: an image manifest with Docker's media types cannot hold one", {
      hint: "Leave out oci-mediatypes=false, or say image-manifest=false",
    });
  return { imageManifest: imageManifest ?? oci, oci };
}

function insecureHosts({ ref, insecure }: { readonly ref: string; readonly insecure?: boolean }): readonly string[] {
  return insecure ? [parseReference(ref).registry] : [];
}
