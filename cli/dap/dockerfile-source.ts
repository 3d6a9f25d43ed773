import { existsSync, realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import { Source } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { SourceFile } from "../../core/diagnostics.js";
import type { CliEnvironment } from "../environment.js";

/** Reference of a Dockerfile that is no file of this machine, whose text the editor asks for. */
const REFERENCE = 1;

/** A Dockerfile as an editor finds it. */
export class DockerfileSource {
  readonly #name: string;
  /** Path on this machine; undefined for a text from elsewhere. */
  readonly #path: string | undefined;

  constructor(file: SourceFile | undefined, { cwd }: Pick<CliEnvironment, "cwd">) {
    this.#name = basename(file?.name ?? "Dockerfile");
    const path = file === undefined ? undefined : resolve(cwd, file.name);
    this.#path = path !== undefined && existsSync(path) ? path : undefined;
  }

  shown(): Source {
    return this.#path === undefined ? new Source(this.#name, undefined, REFERENCE) : new Source(this.#name, this.#path);
  }

  /** Returns true when an editor means this file, by any of its paths. */
  is({ path, sourceReference }: DebugProtocol.Source): boolean {
    if (this.#path === undefined) return sourceReference === REFERENCE;
    return path !== undefined && existsSync(path) && realpathSync(path) === realpathSync(this.#path);
  }
}
