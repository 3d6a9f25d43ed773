import { canonicalJson } from "../core/canonical.js";
import type { Digest } from "../core/digest.js";
import { mediaTypes } from "../oci/media-types.js";
import { formatPlatform, normalizePlatform } from "../oci/platform.js";
import { imagePurl } from "../oci/purl.js";
import type { Descriptor, Manifest } from "../oci/types.js";
import type { Attestation, ExportImage } from "./exporter.js";

/** Subject of a statement: a name with a digest. */
export interface Subject {
  readonly name: string;
  readonly digest: Digest;
}

/** The documents of an image's attestations. */
export interface AttestedImage {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly statements: readonly Descriptor[];
}

const STATEMENT_TYPE = "https://in-toto.io/Statement/v0.1";
const STATEMENT_MEDIA_TYPE = "application/vnd.in-toto+json";

export function isAttested({ attestations = [] }: ExportImage): boolean {
  return attestations.length > 0;
}

/** Returns the statement of in-toto that says something of the subjects. */
function statementOf({ predicateType, predicate }: Attestation, subjects: readonly Subject[]): Readonly<Record<string, unknown>> {
  const subject = subjects.map(({ name, digest }) => ({ name, digest: { sha256: digest.replace(/^sha256:/, "") } }));
  return { _type: STATEMENT_TYPE, predicateType, subject, predicate };
}

/**
 * Makes the manifest of an image's attestations, in BuildKit's form: a manifest for no platform
 * whose layers are statements. `add` keeps a document and returns its descriptor.
 */
export function attestImage(
  { platform, attestations = [] }: ExportImage,
  image: Descriptor,
  names: readonly string[],
  add: (text: string, mediaType: string) => Descriptor,
): AttestedImage {
  const text = formatPlatform(normalizePlatform(platform));
  const subjects = names.map((name): Subject => ({ name: imagePurl(name, text), digest: image.digest }));
  const statements = attestations.map((one) => ({
    ...add(JSON.stringify(statementOf(one, subjects)), STATEMENT_MEDIA_TYPE),
    annotations: { "in-toto.io/predicate-type": one.predicateType },
  }));
  const config = add(
    canonicalJson({
      architecture: "unknown",
      os: "unknown",
      config: {},
      rootfs: { type: "layers", diff_ids: statements.map(({ digest }) => digest) },
    }),
    mediaTypes.ociConfig,
  );
  const manifest: Manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: statements };
  return {
    manifest: {
      ...add(JSON.stringify(manifest, null, 2), mediaTypes.ociManifest),
      annotations: { "vnd.docker.reference.digest": image.digest, "vnd.docker.reference.type": "attestation-manifest" },
      platform: { architecture: "unknown", os: "unknown" },
    },
    config,
    statements,
  };
}

/** A statement as a file beside exported files. */
export interface AttestationFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Returns the statements about exported files, which are their subjects. `platform` is a part of
 * their names when several platforms share a directory.
 */
export function attestationFiles(
  { attestations = [] }: ExportImage,
  files: readonly Subject[],
  { prefix, platform }: { readonly prefix: string; readonly platform: string | undefined },
): readonly AttestationFile[] {
  return attestations.map((one) => ({
    name: prefix + (platform === undefined ? one.filename : one.filename.replace(/(?=\.)|$/, `.${platform}`)),
    bytes: Buffer.from(`${JSON.stringify(statementOf(one, files), null, 2)}\n`),
  }));
}
