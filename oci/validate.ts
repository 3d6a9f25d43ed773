import { badDocument, deepDocument, noJsonDocument, manifestAndIndex, schema1 } from "./errors.js";
import * as v from "valibot";
import { quotedTexts } from "../core/text/quoted.js";
import { isDigest, type Digest } from "../core/digest.js";
import { isIndexType, isManifestType, mediaTypes } from "./media-types.js";
import type { ImageConfig, Index, Manifest } from "./types.js";

/**
 * Bytes of the largest manifest, index or config that is read into memory. Registries have the same
 * limit.
 */
export const MAX_METADATA_SIZE = 4 << 20;

const digest = v.pipe(
  v.string(),
  v.check(isDigest, (issue) => `expected sha256:<64 hex digits>, found "${issue.input}"`),
  v.transform((text) => text as Digest),
);
// Go programs write null for empty maps and lists.
const optional = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  );
/**
 * Schema of a required list. Note that we do not use `nullish`, because valibot skips missing
 * members before it transforms them.
 */
const list = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullable(v.array(schema)),
    v.transform((value) => value ?? []),
  );
const strings = v.record(v.string(), v.string());
const platform = v.looseObject({
  architecture: v.string(),
  os: v.string(),
  variant: optional(v.string()),
  "os.version": optional(v.string()),
  "os.features": optional(v.array(v.string())),
});
const descriptor = v.looseObject({
  mediaType: v.string(),
  digest,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations: optional(strings),
  platform: optional(platform),
  urls: optional(v.array(v.string())),
  artifactType: optional(v.string()),
});
const manifest = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: optional(v.string()),
  artifactType: optional(v.string()),
  config: descriptor,
  layers: list(descriptor),
  annotations: optional(strings),
  subject: optional(descriptor),
});
const index = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: optional(v.string()),
  manifests: list(descriptor),
  annotations: optional(strings),
});
const emptyObjects = v.record(v.string(), v.nullish(v.looseObject({})));
const words = v.nullish(v.array(v.string()));
const config = v.looseObject({
  created: optional(v.string()),
  author: optional(v.string()),
  architecture: v.string(),
  os: v.string(),
  variant: optional(v.string()),
  config: optional(
    v.looseObject({
      User: optional(v.string()),
      ExposedPorts: optional(emptyObjects),
      Env: optional(v.array(v.string())),
      Entrypoint: words,
      Cmd: words,
      Volumes: optional(emptyObjects),
      WorkingDir: optional(v.string()),
      Labels: optional(strings),
      StopSignal: optional(v.string()),
      OnBuild: words,
      Shell: optional(v.array(v.string())),
    }),
  ),
  rootfs: v.looseObject({
    type: v.literal("layers"),
    diff_ids: list(digest),
  }),
  history: optional(
    v.array(
      v.looseObject({
        created: optional(v.string()),
        created_by: optional(v.string()),
        author: optional(v.string()),
        comment: optional(v.string()),
        empty_layer: optional(v.boolean()),
      }),
    ),
  ),
});

/** A parsed manifest blob. */
type ManifestOrIndex = { readonly kind: "manifest"; readonly value: Manifest } | { readonly kind: "index"; readonly value: Index };

/**
 * Reads an image manifest. `what` names it in errors: `manifest of alpine:3.20`. Throws
 * `image/invalid` with a list of the faults. Reads Go's `null` as an empty list, or as a missing
 * optional member. Keeps unknown members.
 */
export function parseManifest(data: Uint8Array, what: string): Manifest {
  return withoutUndefined(check(manifest, parseJson(data, what), what)) as Manifest;
}

/** Reads an OCI index or a Docker manifest list, as {@link parseManifest} does. */
export function parseIndex(data: Uint8Array, what: string): Index {
  return withoutUndefined(check(index, parseJson(data, what), what)) as Index;
}

/**
 * Reads an image config, as {@link parseManifest} does. Refuses configs of artifacts (empty, other
 * JSON).
 */
export function parseImageConfig(data: Uint8Array, what: string): ImageConfig {
  return withoutUndefined(check(config, parseJson(data, what), what)) as ImageConfig;
}

/**
 * Reads a manifest or an index: by `mediaType` when present, else by the members. Refuses Docker's
 * schema 1 by name.
 */
export function parseManifestOrIndex(data: Uint8Array, mediaType: string | undefined, what: string): ManifestOrIndex {
  const json = parseJson(data, what);
  const members: Readonly<Record<string, unknown>> = typeof json === "object" && json !== null ? { ...json } : {};
  if (members["schemaVersion"] === 1 || mediaType?.startsWith("application/vnd.docker.distribution.manifest.v1")) {
    throw schema1(what);
  }
  const type = typeof members["mediaType"] === "string" ? members["mediaType"] : mediaType;
  // Two programs could see two images in bytes that are both kinds at once.
  const { config: configOf = null, layers, manifests } = members;
  if (Array.isArray(manifests) && (Array.isArray(layers) || configOf !== null)) {
    throw manifestAndIndex(what);
  }
  const isIndex =
    type !== undefined && isIndexType(type) ? true : type !== undefined && isManifestType(type) ? false : "manifests" in members;
  return isIndex ? { kind: "index", value: parseIndex(data, what) } : { kind: "manifest", value: parseManifest(data, what) };
}

/** Returns the media type of a manifest: its own, else the announced one, else OCI's. */
export function manifestTypeOf(parsed: ManifestOrIndex, announced?: string): string {
  if (parsed.value.mediaType !== undefined && parsed.value.mediaType !== "") return parsed.value.mediaType;
  const fits = announced !== undefined && (parsed.kind === "index" ? isIndexType(announced) : isManifestType(announced));
  return fits ? announced : parsed.kind === "index" ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

/** Reads JSON from outside. Throws `image/invalid`, which names `what`. */
export function parseJson(data: Uint8Array, what: string): unknown {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const start = text.trimStart().slice(0, 40);
    throw noJsonDocument(what, start, error);
  }
  if (isDeep(text)) throw deepDocument(what, DEEPEST);
  return value;
}

/** Levels that a document may nest. Programs that write it again go as deep as it does. */
const DEEPEST = 500;

function isDeep(text: string): boolean {
  let depth = 0;
  let outside = 0;
  const goes = (end: number): boolean => {
    for (const [bracket] of text.slice(outside, end).matchAll(/[[{\]}]/g)) {
      depth += bracket === "[" || bracket === "{" ? 1 : -1;
      if (depth > DEEPEST) return true;
    }
    return false;
  };
  for (const quoted of quotedTexts(text)) {
    if (goes(quoted.index)) return true;
    outside = quoted.index + quoted.text.length;
  }
  return goes(text.length);
}

/**
 * Checks `value` against a schema. Throws `image/invalid`, which names every problem with its path.
 */
export function check<T extends v.GenericSchema>(schema: T, value: unknown, what: string): v.InferOutput<T> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.slice(0, 5).map((issue) => {
    const path = v.getDotPath(issue);
    const missing = issue.received === "undefined" && issue.path?.at(-1)?.origin === "key";
    return path === null ? issue.message : `"${path}"${missing ? " is missing" : `: ${issue.message}`}`;
  });
  if (result.issues.length > 5) problems.push(`and ${result.issues.length - 5} more`);
  throw badDocument(what, problems);
}

/**
 * Drops the members that are undefined, so that a value that is written again looks like the one
 * that was read.
 */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, withoutUndefined(member)]),
  );
}
