import { OUTPUT_TYPES } from "../../exporters/outputs/table.js";
import type { OutputOf, OutputType } from "../../exporters/outputs/output-type.js";

export type { ImageForm, PushForm } from "../../exporters/outputs/common.js";
export { destinationOf, type OutputType } from "../../exporters/outputs/output-type.js";
export { OUTPUT_TYPES } from "../../exporters/outputs/table.js";

type Types = (typeof OUTPUT_TYPES)[number];

/**
 * Destination of a result. A `dest` of type Writable gets the bytes; it is ended, not destroyed.
 * The directory of a file must exist.
 */
export type Output = OutputOf<Types>;

/** An output that is an image, as opposed to its files only, or nothing. */
export type ImageOutput = OutputOf<Extract<Types, { readonly holds: "layers" }>>;

/** An output that may go to a registry. */
export type PushedOutput = OutputOf<Extract<Types, { readonly attributes: { readonly pushByDigest: unknown } }>>;

/** Returns the type of an output. */
export function typeOf({ type }: Pick<Output, "type">): OutputType<Output> {
  return OUTPUT_TYPES.find((candidate) => candidate.type === type) as OutputType<Output>;
}

export function isImage(output: Output): output is ImageOutput {
  return typeOf(output).holds === "layers";
}

/** Returns true for an image that goes to a registry. */
export function pushes(output: Output): output is PushedOutput {
  return typeOf(output).pushes?.(output) ?? false;
}

/** Returns true for an image that goes to the local image store. */
export function stores(output: Output): boolean {
  return typeOf(output).stores?.(output) ?? false;
}

/** Provenance: who built an image of what, and how, as SLSA describes it. */
export interface ProvenanceOptions {
  /**
   * `min` (the default) leaves out build arguments, labels, ids of secrets, and the graph. `max`
   * has all of these, and the Dockerfile.
   */
  readonly mode?: "min" | "max";
  /** Version of SLSA's form. Default `v0.2`. */
  readonly version?: "v0.2" | "v1";
  /** URL of the builder, such as the page of a CI run. */
  readonly builderId?: string;
  /** True claims that the build is reproducible. Default false. */
  readonly reproducible?: boolean;
  /** True attaches it only where the result is an image of the store or a registry. */
  readonly inlineOnly?: boolean;
  /** Name of its file among exported files. Default `provenance.json`. */
  readonly filename?: string;
}

/** A list of the packages in an image (SBOM), in SPDX's form. */
export interface SbomOptions {
  /**
   * Image of a scanner that follows BuildKit's protocol. Default: a scanner that is built in, which
   * reads the lists of dpkg, apk, npm and pip.
   */
  readonly generator?: string;
  /** Variables of the scanner, which it gets with `BUILDKIT_SCAN_` before their names. */
  readonly parameters?: Readonly<Record<string, string>>;
}
