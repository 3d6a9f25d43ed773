import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * A new directory of sockets that only this user can enter, however long its path is: a socket's address has 107 bytes at most (unix(7)), so they are
 * reached through the open directory. Disposing removes it; once is enough.
 */
export class SocketDirectory implements Disposable {
  readonly path: string;
  #fd: number | undefined;

  /** Makes it in `parent`, which is there. */
  constructor(parent: string) {
    // A directory that is there could be open to others: mkdtemp(3) takes none, and gives mode 0700.
    this.path = mkdtempSync(join(parent, "sockets-"));
    this.#fd = openSync(this.path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** The address of a socket in it, for this process and its children. */
  socket(name: string): string {
    return `/proc/${process.pid}/fd/${this.#fd}/${name}`;
  }

  [Symbol.dispose](): void {
    if (this.#fd === undefined) return;
    rmSync(this.path, { recursive: true, force: true });
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
