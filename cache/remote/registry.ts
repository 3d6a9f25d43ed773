import { configTooLarge } from "./errors.js";
import { UsageError } from "../../core/errors.js";
import { formatReference, parseReference, type Reference, tryParseReference, withDefaultTag } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import { RegistryError } from "../../oci/registry/errors.js";
import type { Descriptor } from "../../oci/types.js";
import type { RegistryFrom, RegistryTo } from "./attributes/registry.js";
import type { Backend, CacheSource, CacheTarget, TransferOptions } from "./backend.js";
import { cacheDocuments, type ManifestForm, manifestForm } from "./manifest.js";
import { MAX_CONFIG_SIZE } from "./read-config.js";
import { readCacheManifest } from "./read-manifest.js";

/** Returns the client when it is first needed. */
type ClientSource = () => Promise<RegistryClient>;

/** Returns a cache, or an image with an inline cache, under a reference. */
export function registrySource(ref: string, client: ClientSource): CacheSource {
  const reference = withDefaultTag(parseReference(ref));
  const name = formatReference(reference);
  const blob = async function* (descriptor: Descriptor, options: TransferOptions): AsyncGenerator<Uint8Array> {
    yield* (await client()).blob(reference, descriptor, options);
  };
  return {
    name,
    origin: name,
    async load(options) {
      const registry = await client();
      const target = await resolve(registry, reference, options);
      const reader = {
        manifest: async (descriptor: Descriptor) => (await registry.manifest(reference, descriptor.digest, options)).bytes,
        blob: (descriptor: Descriptor) => collect(blob(checkSize(descriptor, name), options)),
      };
      return target && readCacheManifest(target, reader, `manifest of ${name}`);
    },
    blob,
  };
}

/**
 * Returns a target that writes a cache under a reference. Blobs of images in the same registry are
 * mounted there without an upload.
 */
export function registryTarget(ref: string, form: ManifestForm, client: ClientSource): CacheTarget {
  const reference = withDefaultTag(parseReference(ref));
  return {
    name: "registry",
    async put({ descriptor, open, origin }, options) {
      const registry = await client();
      await registry.putBlob(reference, descriptor, { open, ...options, mountFrom: repositoryOf(origin, reference) });
    },
    async finish(content, options) {
      const registry = await client();
      const { config, manifest } = cacheDocuments(content, form);
      await registry.putBlob(reference, config.descriptor, { open: () => once(config.bytes), ...options });
      await registry.putManifest(reference, manifest.bytes, manifest.descriptor.mediaType, options);
    },
  };
}

function repositoryOf(origin: string | undefined, target: Reference): string | undefined {
  const found = origin === undefined ? undefined : tryParseReference(origin);
  return found?.registry === target.registry ? found.repository : undefined;
}

async function resolve(registry: RegistryClient, reference: Reference, options: TransferOptions): Promise<Descriptor | undefined> {
  try {
    return await registry.resolve(reference, options);
  } catch (error) {
    if (error instanceof RegistryError && error.code === "registry/not-found") return undefined;
    throw error;
  }
}

function checkSize(config: Descriptor, name: string): Descriptor {
  if (config.size <= MAX_CONFIG_SIZE) return config;
  throw configTooLarge(name, config);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(Uint8Array.from(chunk));
  return Buffer.concat(parts);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function insecureHosts({ ref, insecure }: Pick<RegistryFrom, "ref" | "insecure">): readonly string[] {
  return insecure ? [parseReference(ref).registry] : [];
}

export const backend: Backend<RegistryFrom, RegistryTo> = {
  source: (options, context) => registrySource(options.ref, () => context.registry(insecureHosts(options))),
  check: (options) => void UsageError.of(() => manifestForm(options)),
  target: (options, context) => registryTarget(options.ref, manifestForm(options), () => context.registry(insecureHosts(options))),
};
