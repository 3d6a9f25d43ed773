import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ImageSource } from "../../api/image-store/combine-images.js";
import { systemErrorCode } from "../../core/errors.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import type { CliEnvironment } from "../environment.js";

/** One image of a list that is being put together. */
export interface ListEntry extends ImageSource {
  /** Name that the user gave it. */
  readonly name: string;
}

/**
 * The lists of `manifest create`, in files beside docker's configuration, until they are pushed.
 */
export class ManifestLists {
  readonly #directory: string;

  constructor({ env }: Pick<CliEnvironment, "env">) {
    this.#directory = join(env["DOCKER_CONFIG"] ?? join(env["HOME"] ?? homedir(), ".docker"), "tsbuild-manifests");
  }

  /** Returns the images of a list; undefined when there is no list of that name. */
  get(name: string): readonly ListEntry[] | undefined {
    try {
      return JSON.parse(readFileSync(this.#file(name), "utf8")) as readonly ListEntry[];
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  set(name: string, entries: readonly ListEntry[]): void {
    mkdirSync(this.#directory, { recursive: true });
    writeFileAtomic(this.#file(name), `${JSON.stringify(entries, undefined, 2)}\n`);
  }

  remove(name: string): void {
    rmSync(this.#file(name), { force: true });
  }

  #file(name: string): string {
    return join(this.#directory, `${encodeURIComponent(name)}.json`);
  }
}
