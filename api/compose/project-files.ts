import { realpathSync } from "node:fs";
import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import { DiagnosticsError, systemErrorCode } from "../../core/errors.js";
import { isInside } from "../../core/text/inside.js";
import { readRegularText } from "../sources/read-text.js";
import { covered } from "./errors.js";

/**
 * Files of a project that nobody typed: found by their names, or named by another file. The caller
 * has to allow those outside of the project's directory, and no message shows their text. Note that
 * a repository could otherwise show any file of the machine in the log of its build, by
 * `include: [/etc/shadow]` or by a link.
 */
export class ProjectFiles {
  readonly #paths = new Set<string>();
  readonly #outside = new Set<SourceFile>();

  /** Absolute paths of all that was read. */
  get paths(): readonly string[] {
    return [...this.#paths];
  }

  /**
   * Reads a file; undefined when there is none. Throws the system's error, or one whose message is
   * the second half of a sentence: `it is a pipe`.
   */
  read(path: string, { name, directory }: { readonly name: string; readonly directory: string }): SourceFile | undefined {
    try {
      const file = { name, text: readRegularText(path) };
      this.#paths.add(path);
      if (!isInside(realpathSync(path), realpathSync(directory))) this.#outside.add(file);
      return file;
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Returns the result of `work`, which throws no text of files from outside. */
  async cover<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.covered(error);
    }
  }

  /** Returns an error without the text of files from outside. */
  covered(error: unknown): unknown {
    return error instanceof DiagnosticsError && this.#outside.size > 0 ? new DiagnosticsError(this.diagnostics(error.diagnostics)) : error;
  }

  /** Returns diagnostics without the text of files from outside: one for each of these. */
  diagnostics(given: readonly Diagnostic[]): readonly Diagnostic[] {
    const shown = new Set<SourceFile>();
    return given.flatMap((diagnostic) => {
      const sources = [diagnostic, ...(diagnostic.related ?? [])].map(({ source }) => source);
      const file = sources.find((source) => source !== undefined && this.#outside.has(source));
      if (file === undefined) return [diagnostic];
      if (shown.has(file)) return [];
      shown.add(file);
      return [covered(diagnostic, file)];
    });
  }
}
