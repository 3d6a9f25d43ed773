import type { Digest } from "../../core/digest.js";
import type { EventSink } from "../../core/events.js";
import type { Descriptor } from "../../oci/types.js";

/** Options of transfers from and to registries. */
export interface TransferOptions {
  readonly signal?: AbortSignal;
  /** Called with the events of one step for each image, in order, synchronously. */
  readonly onEvent?: EventSink;
  /** True transfers every tag of the repository instead of one. */
  readonly allTags?: boolean;
}

export interface PullOptions extends TransferOptions {
  /**
   * Platforms of an index to fetch, each as `os/arch[/variant]`. `all` fetches every one. Default:
   * the one for this machine. Images of other platforms in the store stay.
   */
  readonly platforms?: readonly string[] | "all";
}

export interface PushOptions extends TransferOptions {
  /**
   * Platform of an index (`os/arch[/variant]`) to push as an image of its own. Default: the index.
   */
  readonly platform?: string;
}

export interface PulledImage {
  /** Canonical name, with tag or digest. */
  readonly name: string;
  readonly tag: string | undefined;
  /** Digest of the manifest or index. */
  readonly digest: Digest;
  /** Digest of the config of the platform nearest to the host's. */
  readonly id: Digest;
  /** `up-to-date` means that the name led there already, and nothing was missing. */
  readonly status: "downloaded" | "up-to-date";
}

export interface PushedImage {
  /** Canonical name, with tag. */
  readonly name: string;
  readonly tag: string;
  /** Descriptor that the tag has at the registry now. */
  readonly descriptor: Descriptor;
  /** Set when only this platform of an index was pushed, because the others are absent. */
  readonly onlyPlatform?: string;
}
