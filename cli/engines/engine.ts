import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { PassThrough, type Writable } from "node:stream";
import type { CliEnvironment } from "../environment.js";
import { engineFailed, engineNotThere, noSuchHost } from "./errors.js";

/** Engines that a result can be handed to. */
export type EngineName = "docker" | "podman";

/** A load into an engine that has begun. */
export interface EngineLoad {
  /** Takes the archive. */
  readonly dest: Writable;
  /** Resolves to what the engine says of the images that it took; rejects when it refuses them. */
  readonly loaded: Promise<string>;
}

/**
 * Begins to load an archive into an engine of this machine: docker's over its socket, podman's by
 * its command. Rejects before a build begins when the engine does not answer.
 */
export async function beginLoad(engine: EngineName, environment: EngineEnvironment, pingLimit = PING_LIMIT): Promise<EngineLoad> {
  return engine === "docker" ? dockerLoad(environment, pingLimit) : podmanLoad(environment);
}

type EngineEnvironment = Pick<CliEnvironment, "env" | "signal">;

/** Milliseconds in which an engine has to answer. */
const PING_LIMIT = 10_000;

const SOCKET = "/var/run/docker.sock";

async function dockerLoad({ env, signal }: EngineEnvironment, pingLimit: number): Promise<EngineLoad> {
  const host = env["DOCKER_HOST"];
  if (host && !host.startsWith("unix://")) throw noSuchHost(host);
  const socketPath = host ? host.slice("unix://".length) : SOCKET;
  await answers(socketPath, signal, pingLimit);
  const dest = new PassThrough({ highWaterMark: 1 << 20 });
  const loaded = new Promise<string>((done, fail) => {
    const call = request({
      socketPath,
      method: "POST",
      path: "/images/load?quiet=1",
      headers: { "content-type": "application/x-tar" },
      signal,
    });
    call.once("error", (error) => fail(engineFailed("docker", error.message)));
    call.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", (error) => fail(engineFailed("docker", error.message)));
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const messages = messagesOf(text);
        const error = messages.find((message) => message.error !== undefined)?.error;
        if (response.statusCode !== 200 || error !== undefined) fail(engineFailed("docker", error ?? text.trim()));
        else done(messages.map(({ stream = "" }) => stream).join(""));
      });
    });
    dest.pipe(call);
  });
  return { dest, loaded: handled(loaded, dest) };
}

/** Resolves when an engine answers at a socket. Rejects after `limit` milliseconds of silence. */
async function answers(socketPath: string, signal: AbortSignal, limit: number): Promise<void> {
  await new Promise<void>((done, fail) => {
    const call = request({ socketPath, path: "/_ping", signal, timeout: limit }, (response) => {
      response.resume();
      response.once("end", done);
    });
    call.once("timeout", () => call.destroy(new Error(`no answer in ${limit / 1000} s`)));
    call.once("error", (error) => fail(engineNotThere("docker", socketPath, error.message)));
    call.end();
  });
}

interface Message {
  readonly stream?: string;
  readonly error?: string;
}

/** Returns the lines of JSON of an answer; others are left out. */
function messagesOf(text: string): readonly Message[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line.trim() === "" ? [] : [JSON.parse(line) as Message];
    } catch {
      return [];
    }
  });
}

async function podmanLoad({ env, signal }: EngineEnvironment): Promise<EngineLoad> {
  const child = spawn("podman", ["load"], { env: { ...env }, stdio: ["pipe", "pipe", "pipe"], signal });
  const spawned = new Promise<void>((done, fail) => {
    child.once("spawn", done);
    child.once("error", (error) => fail(engineNotThere("podman", "podman", error.message)));
  });
  await spawned;
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  // An early end of podman is reported with its own words.
  child.stdin.on("error", () => undefined);
  const dest = new PassThrough({ highWaterMark: 1 << 20 });
  dest.pipe(child.stdin);
  const loaded = once(child, "close").then(([code]) => {
    if (code !== 0) throw engineFailed("podman", err.trim());
    return out;
  });
  return { dest, loaded: handled(loaded, dest) };
}

/** Lets an engine that gives up end the build, which would wait for its reader. */
function handled(loaded: Promise<string>, dest: PassThrough): Promise<string> {
  loaded.catch((error: unknown) => dest.destroy(error instanceof Error ? error : new Error(String(error))));
  return loaded;
}
