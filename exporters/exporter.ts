import type { Descriptor, ImageConfig } from "../oci/types.js";
import type { Annotation } from "./annotations.js";
import type { Platform } from "../oci/platform.js";
import type { BlobStore } from "../cache/contract/blobs.js";
import type { Toc } from "../oci/layer/model/toc.js";
import type { Digest } from "../core/digest.js";

/** Family of an image's media types: OCI's, or Docker's for the oldest registries and engines. */
export type MediaTypeFamily = "oci" | "docker";

/**
 * A layer of a finished image. Its blob is in the blob store before an exporter is called, unless
 * it has `bring`.
 */
export interface ExportLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Canonical reference of an image that the blob came from, when it came from a registry. */
  readonly origin?: string;
  /**
   * Brings the blob into the store. Present only where all outputs push to the registry that has
   * the blob, which then mostly need not be fetched.
   */
  readonly bring?: (signal: AbortSignal) => Promise<void>;
  /** Reads or computes the layer's TOC. An abort of `signal` ends that. */
  toc(signal: AbortSignal): Promise<Toc>;
}

/** A statement about an image, without the image: it is known when the image is exported. */
export interface Attestation {
  readonly predicateType: string;
  readonly predicate: unknown;
  /** Name of its file among exported files. */
  readonly filename: string;
  /** True where it belongs only to images of the store or a registry. */
  readonly inlineOnly?: boolean;
}

/** A finished image for one platform: config complete with diffIDs, history and times. */
export interface ExportImage {
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly ExportLayer[];
  /** Statements about the image that go with it. */
  readonly attestations?: readonly Attestation[];
}

export interface ExportRequest {
  /** Images, one for each platform. */
  readonly images: readonly ExportImage[];
  /** Canonical names with tag. An image without a name is pushed by its digest. */
  readonly names: readonly string[];
  readonly annotations?: readonly Annotation[];
  /** Family of the image's media types. Default: the exporter's. */
  readonly mediaTypes?: MediaTypeFamily;
  /** Prefix of the name of an image without a name: `PREFIX@sha256:…`. */
  readonly danglingPrefix?: string;
  /**
   * Milliseconds since the epoch for everything that this build dates, when SOURCE_DATE_EPOCH is
   * set.
   */
  readonly epoch?: number;
}

export interface ExportContext {
  readonly blobs: BlobStore;
  readonly signal: AbortSignal;
  progress(item: string, current: number, total: number | undefined, done: boolean, wait?: boolean): void;
}

export interface ExportResult {
  /** Manifest digest (one platform) or index digest (several). */
  readonly descriptor?: Descriptor;
  /** `containerimage.*` keys for --metadata-file. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Puts a result somewhere, complete or not at all: a file or directory is replaced only once the
 * new one is complete, and nothing half-written stays after a failure or an abort. The same request
 * gives the same bytes each time.
 */
export interface Exporter {
  /** Name as shown in progress: `exporting to oci image format`. */
  readonly name: string;
  export(request: ExportRequest, context: ExportContext): Promise<ExportResult>;
}
