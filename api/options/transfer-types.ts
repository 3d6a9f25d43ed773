import type { Digest } from "../../core/digest.js";
import type { EventSink } from "../../core/events.js";
import type { Descriptor } from "../../oci/types.js";

/** How images go to registries and come from there. */
export interface TransferOptions {
  readonly signal?: AbortSignal;
  /** Gets the events of one step for each image, in order, synchronously. */
  readonly onEvent?: EventSink;
  /** Every tag of the repository instead of one. */
  readonly allTags?: boolean;
}

export interface PullOptions extends TransferOptions {
  /**
   * `os/arch[/variant]`: of an index only these images are fetched; `all`: everything in it.
   * Default: the one for this machine. What is here of other platforms stays.
   */
  readonly platforms?: readonly string[] | "all";
}

export interface PulledImage {
  /** Canonical, with tag or digest. */
  readonly name: string;
  readonly tag: string | undefined;
  /** Manifest or index. */
  readonly digest: Digest;
  /** Config of the platform nearest to the host's. */
  readonly id: Digest;
  /** `up-to-date`: the name led there already, and nothing was missing. */
  readonly status: "downloaded" | "up-to-date";
}

export interface PushedImage {
  /** Canonical, with tag. */
  readonly name: string;
  readonly tag: string;
  /** What the tag leads to at the registry now. */
  readonly descriptor: Descriptor;
  /** Set when only this platform of an index was pushed, because the others are not here. */
  readonly onlyPlatform?: string;
}
