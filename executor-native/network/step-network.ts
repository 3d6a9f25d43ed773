import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { TsbuildError } from "../../core/errors.js";
import { started } from "../../core/system/descriptors.js";
import { sandboxFailed } from "../errors.js";
import type { HelperFailure } from "../helper-failure.js";
import { helperPath } from "../helper-path.js";
import { stackDidNotStart, stackEnded } from "./errors.js";
import type { PrivateNetwork, StackCommand } from "./stacks.js";
import { eachStatusLine } from "./status-lines.js";

/** Task of the worker that every worker with namespaces has: starts a stack. */
export const NETWORK_TASK = "network";

/** Bytes of a stack's messages that are kept. */
const MESSAGES_TAIL = 2048;

type StatusLine =
  | { readonly status: "ready" | "stack-silent" }
  | { readonly status: "stack-ended"; readonly code?: number; readonly signal?: number }
  | ({ readonly status: "error" } & HelperFailure);

/**
 * The network that the steps of one worker share: a namespace, and a stack that carries its
 * traffic. Both end with this process.
 */
export class StepNetwork {
  #descriptor: number | undefined;
  #child: ChildProcess | undefined;
  #failure: TsbuildError | undefined;
  readonly #members = new Set<() => void>();

  /** Reason why steps in it cannot go on; undefined while it works. */
  get failure(): TsbuildError | undefined {
    return this.#failure;
  }

  /**
   * Starts a stack, and returns where it is. Rejects when it does not come up; another one may be
   * tried then.
   */
  async start(stack: StackCommand): Promise<PrivateNetwork> {
    const { link, addresses, gateways, unreachable, resolver } = stack.plan;
    const lists = [link, addresses.join(","), gateways.join(","), unreachable.join(","), resolver, stack.resolvers.join(",")];
    const child = started(
      spawn(helperPath(), ["network", String(process.pid), String(stack.limit), ...lists, ...stack.command], {
        argv0: "tsbuild-sandbox",
        cwd: "/",
        env: {},
        stdio: ["ignore", "ignore", "pipe", "ignore", "pipe"],
      }),
    );
    const messages = tail(child.stderr as Readable);
    await new Promise<void>((resolve, reject) => {
      let last: StatusLine | undefined;
      eachStatusLine<StatusLine>(child.stdio[4] as Readable, (line) => {
        last = line;
        if (line.status !== "ready") return;
        this.#child = child;
        this.#descriptor = openSync(`/proc/${child.pid}/ns/net`, "r");
        resolve();
      });
      child.on("error", (error) => reject(stackDidNotStart(stack.name, error.message, "")));
      child.on("close", (code, signal) => {
        const how = ending(last, stack.limit, signal ?? `exit code ${code}`);
        const failure = last?.status === "error" ? sandboxFailed(last) : undefined;
        if (this.#child === child) this.#end(stackEnded(stack.name, failure?.message ?? how, messages()));
        else reject(failure ?? stackDidNotStart(stack.name, how, messages()));
      });
    });
    return { holder: child.pid as number, addresses: addresses.map((address) => address.replace(/\/.*/, "")) };
  }

  /**
   * Returns the descriptor of the namespace. `stop` is called when the network is gone, until the
   * step calls `leave`. Throws when it is gone already.
   */
  join(stop: () => void): { readonly descriptor: number; leave(): void } {
    if (this.#failure) throw this.#failure;
    if (this.#descriptor === undefined) throw new Error("internal: no network was started for steps");
    this.#members.add(stop);
    return { descriptor: this.#descriptor, leave: () => void this.#members.delete(stop) };
  }

  /** Ends the stack. Called once no step is left. */
  close(): void {
    this.#members.clear();
    this.#child?.kill("SIGKILL");
  }

  #end(failure: TsbuildError): void {
    this.#failure = failure;
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    for (const stop of this.#members) stop();
  }
}

/** Says how a stack ended, in words. */
function ending(line: StatusLine | undefined, limit: number, otherwise: string): string {
  if (line?.status === "stack-silent") return `it made no link within ${limit / 1000} s`;
  if (line?.status !== "stack-ended") return otherwise;
  if (line.signal === undefined) return `exit code ${line.code}`;
  return Object.entries(constants.signals).find(([, number]) => number === line.signal)?.[0] ?? `signal ${line.signal}`;
}

/** Returns the last messages of a stack, without those on a system log that is not there. */
function tail(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (data: string) => {
    text = (text + data).slice(-MESSAGES_TAIL);
  });
  return () =>
    text
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^Failed to send \d+ bytes to syslog/.test(line))
      .join("; ");
}
