import type { FrontendOptions } from "../../../frontend/frontend.js";
import type { ContainerConfig } from "../../../oci/types.js";

/** Stands in a Dockerfile of test/cases/wire for the image that the record names. */
export const BASE_IMAGE = "base.example/busybox:1";

/** Members of a `case.json` of test/cases/wire; all have defaults. */
export interface WireCase {
  /** Options of our frontend, and docker's flags that mean the same. */
  readonly options?: Partial<FrontendOptions>;
  readonly args?: readonly string[];
  /** Config of the base image. */
  readonly base?: ContainerConfig;
  /** Names of the steps that differ from BuildKit's on purpose, and why. */
  readonly differs?: Readonly<Record<string, string>>;
}

/** A vertex as BuildKit shows it in its progress. */
export interface RecordedVertex {
  readonly digest: string;
  readonly name: string;
  readonly inputs?: readonly string[];
}

/** A `buildkit.json` of test/cases/wire. */
export interface WireRecord {
  readonly base: { readonly reference: string; readonly digest: string };
  readonly vertices: readonly RecordedVertex[];
}
