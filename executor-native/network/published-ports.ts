import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { started } from "../../core/system/descriptors.js";
import { sandboxFailed } from "../errors.js";
import type { HelperFailure } from "../helper-failure.js";
import { helperPath } from "../helper-path.js";
import { forwarderEnded, portRefused } from "./errors.js";
import type { PrivateNetwork } from "./stacks.js";
import { eachStatusLine } from "./status-lines.js";

/** A wish to reach a port of the network of steps from this machine. */
export interface PortWish {
  readonly protocol: "tcp" | "udp";
  /** Port in the network of steps. */
  readonly port: number;
  /** Ports of this machine, of which the first free one is taken; `[0, 0]` is any. */
  readonly host: readonly [first: number, last: number];
  /**
   * Addresses of this machine. The first must be there; the others are passed over where this
   * machine has none of their family.
   */
  readonly addresses: readonly string[];
}

/** A port of this machine that leads to one in the network of steps. */
export interface PublishedPort {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly hostPort: number;
  readonly addresses: readonly string[];
}

type StatusLine =
  | { readonly status: "published"; readonly port: number }
  | { readonly status: "ready" }
  | ({ readonly status: "error" } & HelperFailure);

/**
 * Ports that are published until they are closed, by a process of their own. It stands in this
 * machine's network while it opens them, with the rights of this process, and then goes into the
 * network of steps without any right.
 */
export class PublishedPorts implements AsyncDisposable {
  readonly ports: readonly PublishedPort[];
  readonly #close: () => Promise<void>;

  private constructor(ports: readonly PublishedPort[], close: () => Promise<void>) {
    this.ports = ports;
    this.#close = close;
  }

  /** Opens the ports. Throws `run/publish` when one cannot be had; then none is open. */
  static async open(wishes: readonly PortWish[], { holder, addresses }: PrivateNetwork): Promise<PublishedPorts> {
    const texts = wishes.map(({ protocol, port, host, addresses: own }) => [protocol, port, ...host, own.join(",")].join(":"));
    const child = started(
      spawn(helperPath(), ["publish", String(process.pid), String(holder), addresses.join(","), ...texts], {
        argv0: "tsbuild-sandbox",
        cwd: "/",
        env: {},
        stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      }),
    );
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const close = async (): Promise<void> => {
      child.ref();
      child.kill("SIGKILL");
      await ended;
    };
    const numbers: number[] = [];
    await new Promise<void>((resolve, reject) => {
      child.stdio[3]?.on("error", () => {}); // It has ended.
      child.once("error", (error) => reject(forwarderEnded(error.message)));
      child.once("close", (code, signal) => reject(forwarderEnded(signal ?? `exit code ${code}`)));
      eachStatusLine<StatusLine>(child.stdio[4] as Readable, (line) => {
        if (line.status === "published") numbers.push(line.port);
        else if (line.status === "ready") resolve();
        else reject(line.code === "run/publish" ? portRefused(line) : sandboxFailed(line));
      });
    });
    // The command that is served keeps this process alive, and no open port does.
    child.unref();
    for (const stream of [child.stdio[3], child.stdio[4]]) (stream as { unref?(): void } | null)?.unref?.();
    const ports = wishes.map(({ protocol, port, addresses: own }, index) => ({
      protocol,
      port,
      hostPort: numbers[index] as number,
      addresses: own,
    }));
    return new PublishedPorts(ports, close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
