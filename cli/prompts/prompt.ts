import { answerMissing } from "./errors.js";
import { StringDecoder } from "node:string_decoder";
import { CanceledError } from "../../core/errors.js";
import { type CliEnvironment, printStderr } from "../environment.js";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";

/** Questions at a terminal. Text that was typed ahead answers the next one. */
export class Prompt {
  readonly #environment: CliEnvironment;
  readonly #decoder = new StringDecoder("utf8");
  #typed = "";

  constructor(environment: CliEnvironment) {
    this.#environment = environment;
  }

  /**
   * Asks on the standard error and resolves to the line without its end. `hidden` does not show the
   * typed text; the terminal echoes again afterwards, however this ends. Throws CanceledError on
   * ctrl-c, `cli/terminal` when the input ends.
   */
  async ask(question: string, { hidden = false }: { readonly hidden?: boolean } = {}): Promise<string> {
    const { stdin } = this.#environment;
    if (!hidden) {
      await printStderr(this.#environment, question);
      return this.#line(readLine);
    }
    stdin.setRawMode?.(true);
    try {
      await printStderr(this.#environment, question);
      return await this.#line(readHidden);
    } finally {
      stdin.setRawMode?.(false);
      await printStderr(this.#environment, "\n");
    }
  }

  /** Waits until `read` finds a line in the typed text. */
  #line(read: (typed: string) => Line): Promise<string> {
    const { stdin, signal } = this.#environment;
    return new Promise((resolve, reject) => {
      const finish = (action: () => void): void => {
        stdin.off("data", onData).off("end", onEnd).off("error", onEnd).pause();
        signal.removeEventListener("abort", onAbort);
        action();
      };
      const onAbort = (): void => finish(() => reject(new CanceledError("The login was canceled")));
      const onEnd = (): void => finish(() => reject(answerMissing()));
      const look = (ended: boolean): void => {
        const line = read(this.#typed);
        if (line.kind === "open") {
          if (ended) onEnd();
          return;
        }
        this.#typed = line.kind === "line" ? line.rest : "";
        if (line.kind === "canceled") onAbort();
        else if (line.kind === "ended") onEnd();
        else finish(() => resolve(line.text));
      };
      const onData = (chunk: Uint8Array | string): void => {
        this.#typed += typeof chunk === "string" ? chunk : this.#decoder.write(Buffer.from(chunk));
        look(false);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      // A paused stream does not flow again by itself.
      stdin.on("data", onData).once("end", onEnd).once("error", onEnd).resume();
      if (this.#typed !== "") look(stdin.readableEnded);
    });
  }
}

type Line =
  | { readonly kind: "line"; readonly text: string; readonly rest: string }
  /** Text without an end of line yet. */
  | { readonly kind: "open" }
  | { readonly kind: "canceled" }
  | { readonly kind: "ended" };

/** Reads a line that the terminal has edited. */
function readLine(typed: string): Line {
  const end = typed.indexOf("\n");
  return end < 0 ? { kind: "open" } : { kind: "line", text: typed.slice(0, end).replace(/\r$/, ""), rest: typed.slice(end + 1) };
}

/** Reads a line in raw mode, in which every key arrives unedited. */
function readHidden(typed: string): Line {
  let text = "";
  let position = 0;
  for (const key of typed) {
    position += key.length;
    if (key === "\r" || key === "\n") return { kind: "line", text, rest: typed.slice(position) };
    if (key === CTRL_C) return { kind: "canceled" };
    if (key === CTRL_D && text === "") return { kind: "ended" };
    if (key === "\u007f" || key === "\b") text = [...text].slice(0, -1).join("");
    else if (key === CTRL_U) text = "";
    else if (key !== CTRL_D) text += key;
  }
  return { kind: "open" };
}
