import { StringDecoder } from "node:string_decoder";
import { escaped } from "../../core/text/printable.js";
import { CommandGuard } from "./command-guard.js";
import type { CliEnvironment } from "../environment.js";

/** An escape sequence that is not complete. */
const OPEN = /\u001b(?:\[[\d;:]{0,32})?$/;
/** Colours and other attributes of text, and further characters that a terminal would obey. */
const SEEN = /(\u001b\[[\d;:]*m)|[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Output of a step for a reader. */
interface LogOutput {
  write(data: Uint8Array): Uint8Array | string;
  /** Returns the text that was held back. */
  end(): Uint8Array | string;
}

/**
 * Returns the form in which a step's output is shown again on the standard output. A terminal gets
 * colours and nothing else that it obeys. A job of GitHub or Azure gets nothing that its runner
 * obeys. Files and pipes get it byte for byte.
 */
export function logOutput({ stdout, env }: Pick<CliEnvironment, "stdout" | "env">): LogOutput {
  if (stdout.isTTY) return new TerminalOutput();
  if (!env["GITHUB_ACTIONS"] && !env["TF_BUILD"]) return { write: (data) => data, end: () => "" };
  const guard = new CommandGuard({ prefixed: false });
  const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
  return {
    write: (data) => bytes(guard.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1"))),
    end: () => bytes(guard.end()),
  };
}

class TerminalOutput implements LogOutput {
  readonly #decoder = new StringDecoder("utf8");
  #held = "";

  write(data: Uint8Array): string {
    const text = this.#held + this.#decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    this.#held = OPEN.exec(text)?.[0] ?? "";
    return shown(text.slice(0, text.length - this.#held.length));
  }

  end(): string {
    return shown(this.#held + this.#decoder.end());
  }
}

function shown(text: string): string {
  return text.replaceAll(SEEN, (char, attributes) => (attributes !== undefined || "\n\r\t".includes(char) ? char : escaped(char)));
}
