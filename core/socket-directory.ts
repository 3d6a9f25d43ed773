import { closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";

/**
 * A directory of sockets, however long its path is: a socket's address has 107 bytes at most (unix(7)), so they are reached through the open
 * directory. Disposing removes it; once is enough.
 */
export class SocketDirectory implements Disposable {
  readonly #path: string;
  #fd: number | undefined;

  /** Makes the directory, for this user only. */
  constructor(path: string) {
    this.#path = path;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** The address of a socket in it, for this process and its children. */
  socket(name: string): string {
    return `/proc/${process.pid}/fd/${this.#fd}/${name}`;
  }

  [Symbol.dispose](): void {
    if (this.#fd === undefined) return;
    rmSync(this.#path, { recursive: true, force: true });
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
