import { badAttestationFile, taggedDigest, timesDiffer } from "./errors.js";
import { type Annotation, checkAnnotations, parseAnnotations } from "../../exporters/annotations.js";
import { noAttestations, noName, severalPlatforms } from "../../exporters/errors.js";
import { checkLevel } from "../../oci/layer/write/compress.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import type { Platform } from "../../oci/platform.js";
import { formatReference, parseImageName, parseReference } from "../../oci/reference.js";
import type { BuildOptions } from "./options.js";
import { type ImageOutput, isImage, type Output, type ProvenanceOptions, pushes, type SbomOptions } from "./output-types.js";

/** Compression of an image's layer blobs. */
export interface BlobForm {
  readonly compression: CompressionOptions;
  /** True recompresses compressed layers too. */
  readonly force: boolean;
}

/** An output with the options of the whole build. */
export interface ResolvedOutput {
  readonly output: Output;
  /** Canonical names, with tag; without one where only the digest leads to the image. */
  readonly names: readonly string[];
  readonly annotations: readonly Annotation[];
  /** Form of the image; undefined for any other output. */
  readonly form: BlobForm | undefined;
}

/**
 * Completes the outputs and looks whether each can be had for these platforms, before anything is
 * done. Throws `options/…`, `export/…`, `reference/invalid`, `layer/invalid-level`.
 */
export function resolveOutputs(options: BuildOptions, platforms: readonly Platform[], attests = false): readonly ResolvedOutput[] {
  const outputs: readonly Output[] = options.outputs?.length ? options.outputs : [{ type: "image" }];
  const images = outputs.filter(isImage);
  if (new Set(images.map((output) => output.rewriteTimestamp ?? true)).size > 1) {
    throw timesDiffer();
  }
  const annotations = parseAnnotations(options.annotations ?? {});
  return outputs.map((output): ResolvedOutput => {
    if ("attestationPrefix" in output && output.attestationPrefix) checkFileName(output.attestationPrefix);
    if (!isImage(output)) return { output, names: [], annotations: [], form: undefined };
    const all = [...annotations, ...parseAnnotations(output.annotations ?? {})];
    checkAnnotations(all, platforms, attests);
    if (output.type === "docker" && attests) throw noAttestations();
    if (output.type === "docker" && platforms.length > 1) throw severalPlatforms(platforms.length);
    return { output, names: namesOf(output, options.tags ?? []), annotations: all, form: formOf(output) };
  });
}

function namesOf(output: ImageOutput, tags: readonly string[]): readonly string[] {
  const texts = output.names ?? tags;
  if (!pushes(output)) return [...new Set(texts.map(parseImageName))];
  if (texts.length === 0 && output.danglingNamePrefix === undefined) throw noName();
  if (!output.pushByDigest) return [...new Set(texts.map(parseImageName))];
  return [...new Set(texts.map(untagged))];
}

function untagged(text: string): string {
  const reference = parseReference(text);
  if (reference.tag === undefined && reference.digest === undefined) return formatReference(reference);
  const { registry, repository } = reference;
  throw taggedDigest(text, registry, repository);
}

function formOf({ compression: type = "gzip", compressionLevel: level, forceCompression: force = false }: ImageOutput): BlobForm {
  const compression: CompressionOptions = { type, ...(level === undefined ? {} : { level }) };
  checkLevel(compression);
  return { compression, force };
}

/** Attestations that a build makes; an absent one is not made. */
export interface ResolvedAttestations {
  readonly provenance: ProvenanceOptions | undefined;
  readonly sbom: SbomOptions | undefined;
}

/** Reads the options of attestations. Throws `options/invalid` for a file name that is a path. */
export function resolveAttestations(given: {
  readonly provenance: boolean | ProvenanceOptions;
  readonly sbom: boolean | SbomOptions;
}): ResolvedAttestations {
  const provenance = given.provenance === true ? {} : given.provenance || undefined;
  const filename = provenance?.filename;
  if (filename !== undefined) checkFileName(filename);
  return { provenance, sbom: given.sbom === true ? {} : given.sbom || undefined };
}

/** Throws `options/invalid` for a name that could lead out of the directory of exported files. */
function checkFileName(name: string): void {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) throw badAttestationFile(name);
}

/** Returns true where an image gets attestations wherever it goes. */
export function attestsAlways({ provenance, sbom }: ResolvedAttestations): boolean {
  return sbom !== undefined || (provenance !== undefined && provenance.inlineOnly !== true);
}
