import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { started } from "../../core/system/descriptors.js";
import type { ProxyPlace } from "../contract.js";
import { sandboxFailed } from "../errors.js";
import type { HelperFailure } from "../helper-failure.js";
import { helperPath } from "../helper-path.js";
import { proxyNetworkEnded } from "./errors.js";
import { eachStatusLine } from "./status-lines.js";

type StatusLine = { readonly status: "ready" } | ({ readonly status: "error" } & HelperFailure);

/** A network of one step, whose only way out is its proxy. */
export interface ProxyNetwork {
  /** Descriptor of the namespace. */
  readonly descriptor: number;
  close(): void;
}

/** Makes the network of a step whose proxy listens already. */
export async function makeProxyNetwork({ directory, socket, port }: ProxyPlace): Promise<ProxyNetwork> {
  const child = started(
    spawn(helperPath(), ["proxy", String(process.pid), directory, socket, String(port)], {
      argv0: "tsbuild-sandbox",
      cwd: "/",
      env: {},
      stdio: ["ignore", "ignore", "ignore", "ignore", "pipe"],
    }),
  );
  const descriptor = await new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(proxyNetworkEnded(error.message)));
    child.once("close", (code, signal) => reject(proxyNetworkEnded(signal ?? `exit code ${code}`)));
    eachStatusLine<StatusLine>(child.stdio[4] as Readable, (line) => {
      if (line.status === "ready") resolve(openSync(`/proc/${child.pid}/ns/net`, "r"));
      else reject(sandboxFailed(line));
    });
  });
  return {
    descriptor,
    close() {
      closeSync(descriptor);
      child.kill("SIGKILL");
    },
  };
}
