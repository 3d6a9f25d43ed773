import type { Descriptor, ImageConfig } from "../oci/types.js";
import type { Annotation } from "./annotations.js";
import type { Platform } from "../oci/platform.js";
import type { BlobStore } from "../cache/contract/blobs.js";
import type { Toc } from "../oci/layer/model/toc.js";
import type { Digest } from "../core/digest.js";

/** Whose media types an image uses: OCI's, or Docker's for the oldest registries and engines. */
export type MediaTypeFamily = "oci" | "docker";

/** A layer of a finished image. Its blob is in the blob store before an exporter is called, unless it has `bring`. */
export interface ExportLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Canonical reference of an image that the blob came from, when it came from a registry. */
  readonly origin?: string;
  /** Brings the blob into the store. Only where all outputs push to the registry that has it: it mostly need not leave there. */
  readonly bring?: (signal: AbortSignal) => Promise<void>;
  /** The layer's TOC; read or computed on demand. An abort of `signal` ends that. */
  toc(signal: AbortSignal): Promise<Toc>;
}

/** A finished image for one platform: config complete with diffIDs, history and times. */
export interface ExportImage {
  readonly platform: Platform;
  readonly config: ImageConfig;
  readonly layers: readonly ExportLayer[];
}

export interface ExportRequest {
  /** One per platform. */
  readonly images: readonly ExportImage[];
  /** Canonical names with tag; one without is pushed by its digest. */
  readonly names: readonly string[];
  readonly annotations?: readonly Annotation[];
  /** Whose media types the image uses. Default: the exporter's. */
  readonly mediaTypes?: MediaTypeFamily;
  /** What an image without a name is called in its digest's stead: `PREFIX@sha256:…`. */
  readonly danglingPrefix?: string;
  /** Milliseconds since the epoch to use for everything this build dates, when SOURCE_DATE_EPOCH is set. */
  readonly epoch?: number;
}

export interface ExportContext {
  readonly blobs: BlobStore;
  readonly signal: AbortSignal;
  progress(item: string, current: number, total: number | undefined, done: boolean): void;
}

export interface ExportResult {
  /** Manifest digest (one platform) or index digest (several). */
  readonly descriptor?: Descriptor;
  /** `containerimage.*` keys for --metadata-file. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Puts a result somewhere. Complete or not at all: a file or directory that was there before is replaced only once the new one is whole, and
 * nothing half-written stays when it fails or is aborted. Export the same request twice and the bytes are the same.
 */
export interface Exporter {
  /** As shown in progress: `exporting to oci image format`. */
  readonly name: string;
  export(request: ExportRequest, context: ExportContext): Promise<ExportResult>;
}
