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
