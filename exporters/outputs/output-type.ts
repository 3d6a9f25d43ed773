import type { Attribute, Attributes, ValuesOf } from "../../core/attributes.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import type { Exporter } from "../exporter.js";
import type { ImageStorePort } from "../image-store.js";

/** Services of a build that outputs use. */
export interface OutputContext {
  readonly store: ImageStorePort;
  registry(): Promise<RegistryClient>;
  /** Returns a client that checks no certificates of these hosts. */
  insecureRegistry(hosts: readonly string[]): Promise<RegistryClient>;
}

/**
 * Parts of a result that an output keeps. `layers`: those of an image. `files`: its file systems.
 */
export type OutputContent = "layers" | "files" | "nothing";

/**
 * A type of output: its attributes, and its exporters, whose program is loaded when a build has
 * one.
 */
export interface OutputType<O = never> {
  readonly type: string;
  /** Attributes by the names of the library. */
  readonly attributes: Attributes;
  readonly holds: OutputContent;
  /** Attributes of BuildKit's with the one value that is so here anyway. */
  readonly implied?: Readonly<Record<string, string>>;
  /** Type that stands for an output without a destination. */
  readonly withoutDest?: string;
  /** Returns true when the image goes to a registry. Default: it does not. */
  pushes?(output: O): boolean;
  /** Returns true when the image goes to the local image store. Default: it does not. */
  stores?(output: O): boolean;
  /** Returns the exporters in the order they run. `names` are canonical. */
  open(output: O, context: OutputContext, names: readonly string[]): Promise<readonly Exporter[]>;
}

export interface Declaration<N extends string, A extends Attributes, H extends OutputContent> extends OutputType<ValuesOf<A>> {
  readonly type: N;
  readonly attributes: A;
  readonly holds: H;
}

/** Declares a type of output. */
export function outputType<const N extends string, const A extends Attributes, const H extends OutputContent>(
  made: Declaration<N, A, H>,
): Declaration<N, A, H> {
  return made;
}

/** Type of the options of a type of output. */
export type OutputOf<T> = T extends { readonly type: infer N; readonly attributes: infer A extends Attributes }
  ? { readonly type: N } & ValuesOf<A>
  : never;

/**
 * Returns name and attribute of the place that an output is written to; undefined where it has
 * none.
 */
export function destinationOf({ attributes }: Pick<OutputType, "attributes">): readonly [name: string, attribute: Attribute] | undefined {
  return Object.entries(attributes).find(([, { form }]) => form === "file" || form === "directory");
}
