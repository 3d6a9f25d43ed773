import { type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import type { Socket } from "node:net";
import { availableParallelism } from "node:os";
import type { Readable } from "node:stream";
import { nodeCommand } from "../core/node-command.js";
import { started } from "../core/system/descriptors.js";
import type { Worker, WorkerOptions } from "./contract.js";
import { workerNotStarted } from "./errors.js";
import type { HelperFailure } from "./helper-failure.js";
import { helperPath } from "./helper-path.js";
import { idMaps } from "./id-map.js";
import { CHROOT_ARGUMENT, COPIED_ROOTS_ARGUMENT, HOST_ROOT_ARGUMENT, isHostRoot, SUPERVISED_ARGUMENT } from "./ownership.js";
import { probe } from "./probe.js";
import type { Tier } from "./tier.js";
import { WorkerClient } from "./worker/client.js";

/** Bytes of the worker's standard error that are kept for messages. */
const ERROR_TAIL = 16 * 1024;

/**
 * Starts our process and waits until it serves: inside a new user and mount namespace, unless the
 * tier has none. Throws a
 * TsbuildError that names the feature this system lacks (see {@link probe}). The worker ends with
 * this process, however this one ends.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { tier = "namespaces", copiesRoots = tier !== "namespaces" } = options;
  mkdirSync(options.stateDirectory, { recursive: true });
  const program = [...nodeCommand(), options.entry];
  const spawnOptions: SpawnOptions = {
    cwd: options.stateDirectory,
    env: environment(),
    // Descriptor 3 is a socket pair: the protocol.
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  };
  const command = tier === "namespaces" ? namespaced(program, copiesRoots) : plain(program, tier);
  const child = started(spawn(helperPath(), command, spawnOptions));
  let errors = "";
  const stderr = child.stderr as Readable;
  stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-ERROR_TAIL);
  });
  (stderr as unknown as Socket).unref();
  try {
    return await WorkerClient.connect({ tier, copiesRoots, child, socket: child.stdio[3] as Socket, errors: () => errors });
  } catch {
    const features = tier !== "namespaces" ? [] : probe(options.stateDirectory).features;
    throw workerNotStarted(features, failureLine(errors), errors);
  }
}

/** Returns the helper's arguments that start a program in a new user and mount namespace. */
function namespaced(program: readonly string[], copiesRoots: boolean): readonly string[] {
  const { mode, uids, gids } = idMaps();
  const more = [...(isHostRoot() ? [HOST_ROOT_ARGUMENT] : []), ...(copiesRoots ? [COPIED_ROOTS_ARGUMENT] : [])];
  return ["userns", String(process.pid), mode, uids, gids, ...program, ...more];
}

/** Returns the helper's arguments that start a program as it is. */
function plain(program: readonly string[], tier: Exclude<Tier, "namespaces">): readonly string[] {
  return ["plain", String(process.pid), ...program, tier === "chroot" ? CHROOT_ARGUMENT : SUPERVISED_ARGUMENT];
}

/**
 * Returns this process's environment, without variables that slow Node's start (extra certificates)
 * or are meant for the main process alone.
 */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of ["NODE_EXTRA_CA_CERTS", "NODE_OPTIONS", "NODE_CHANNEL_FD", "NODE_V8_COVERAGE"]) delete env[name];
  // The worker compresses layers on libuv's threads, four by default. A few more than processors
  // let it read files meanwhile.
  env["UV_THREADPOOL_SIZE"] ??= String(Math.max(4, availableParallelism() + 2));
  return env;
}

function failureLine(output: string): HelperFailure | undefined {
  for (const line of output.split("\n")) {
    if (!line.startsWith('{"status":"error"')) continue;
    try {
      return JSON.parse(line) as HelperFailure;
    } catch {
      return undefined;
    }
  }
  return undefined;
}
