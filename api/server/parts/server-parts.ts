import type { Store } from "../../../cache/store.js";
import type { ClientSession } from "../../../solver/buildkit/serving/client-session.js";
import type { Right } from "../../options/options.js";
import type { Arrivals } from "./arrivals.js";
import type { Slots } from "./slots.js";
import type { ReceivedDirectories } from "./received-directories.js";

/** Parts of a server that its services share. */
export interface ServerParts {
  /** Directory of the store. */
  readonly root: string;
  readonly store: Store;
  /** Isolation of steps; undefined for the best that works. */
  readonly isolation: string | undefined;
  /** Rights that clients may ask for. */
  readonly allow: readonly Right[];
  /** Steps that run at once in one build. */
  readonly jobs: number | undefined;
  /** Places for builds. One that waits for its client takes none. */
  readonly slots: Slots;
  readonly sessions: Arrivals<ClientSession>;
  readonly directories: ReceivedDirectories;
  /** Aborted when the server ends. */
  readonly signal: AbortSignal;
}
