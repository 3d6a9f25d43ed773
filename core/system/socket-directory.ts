import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * A new directory of sockets that only this user can enter, however long its path is. A socket's
 * address has at most 107 bytes (unix(7)), so the sockets are addressed through the open directory.
 * Disposing removes the directory; a second disposal does nothing.
 */
export class SocketDirectory implements Disposable {
  readonly path: string;
  #fd: number | undefined;

  /** Makes the directory in `parent`, which exists. */
  constructor(parent: string) {
    // An existing directory could be open to others. mkdtemp(3) never takes one, and gives mode
    // 0700.
    this.path = mkdtempSync(join(parent, "sockets-"));
    this.#fd = openSync(this.path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Returns the address of a socket in the directory, for this process and its children. */
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
