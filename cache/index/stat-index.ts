import { hash } from "node:crypto";
import { join } from "node:path";
import type { Owner } from "../processes/owner.js";
import { FileStatShard } from "./stat-shard.js";
import type { StatIndex, StatShard } from "../contract/stats.js";

/** Shards as files in `directory`, named by a hash of the root they are for. */
export class FileStatIndex implements StatIndex {
  readonly #directory: string;
  readonly #owner: Owner;

  constructor(directory: string, owner: Owner) {
    this.#directory = directory;
    this.#owner = owner;
  }

  shard(root: string): StatShard {
    const name = hash("sha256", root, "hex").slice(0, 32);
    return new FileStatShard(join(this.#directory, name), () => this.#owner.temporaryPath("stat"));
  }
}
