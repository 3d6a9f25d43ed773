import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../../core/system/remove-tree.js";
import type { ClientSession } from "../../../solver/buildkit/serving/client-session.js";
import { ReceivedDirectory } from "../../../solver/buildkit/transfer/receive-files.js";
import { DIFF_COPY } from "../../../solver/buildkit/messages/session.js";
import type { WantedFiles } from "../../options/client-ports.js";
import { unsupported } from "../errors.js";

/** Most directories that are kept for the next build of their clients. */
const MOST_KEPT = 64;

interface Kept {
  readonly key: string;
  readonly directory: ReceivedDirectory;
  busy: boolean;
}

/**
 * Directories of clients, as far as builds read them. A client that builds again sends only what
 * has changed. Note that a directory belongs to one build at a time, because it stays as it is
 * until the build ends.
 */
export class ReceivedDirectories {
  readonly #place: string;
  /** The least recently used is the first. */
  readonly #kept: Kept[] = [];
  #made = 0;

  /** `place` is a directory of this user's alone. */
  constructor(place: string) {
    this.#place = place;
  }

  /** Brings files of a client's directory. `held` gets what gives the directory back. */
  async bring(session: ClientSession, wanted: WantedFiles, signal: AbortSignal, held: (() => void)[]): Promise<string> {
    if (!session.supports(DIFF_COPY)) throw unsupported("a client without files");
    const client = session.sharedKey === "" ? session.id : session.sharedKey;
    const kept = this.#take(JSON.stringify([client, wanted.name, wanted.texts === true]));
    held.push(() => this.#give(kept));
    const { name, excludePatterns, paths = [] } = wanted;
    await kept.directory.receive(session.channel, { name, excludePatterns, includePatterns: [], followPaths: paths }, signal);
    return kept.directory.path;
  }

  #take(key: string): Kept {
    const at = this.#kept.findLastIndex((one) => one.key === key && !one.busy);
    const [known] = at < 0 ? [] : this.#kept.splice(at, 1);
    const kept = known ?? { key, directory: this.#make(), busy: true };
    kept.busy = true;
    this.#kept.push(kept);
    return kept;
  }

  #give(kept: Kept): void {
    kept.busy = false;
    while (this.#kept.length > MOST_KEPT) {
      const at = this.#kept.findIndex(({ busy }) => !busy);
      if (at < 0) return;
      const [oldest] = this.#kept.splice(at, 1);
      if (!oldest) return;
      oldest.directory.clear();
      removeTree(oldest.directory.path);
    }
  }

  #make(): ReceivedDirectory {
    const path = join(this.#place, `client-${++this.#made}`);
    mkdirSync(path, { mode: 0o700 });
    return new ReceivedDirectory(path);
  }
}
