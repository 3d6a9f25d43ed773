import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageRoot } from "../../../core/package-root.js";
import type { ContainerKind } from "./containers.js";

export interface ContainerOptions {
  /** Added to the kind's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Directories of this machine that keep what is written to them. */
  readonly volumes?: readonly string[];
  /** Directories that are empty file systems of this type, as `ramfs`. */
  readonly filesystems?: Readonly<Record<string, "tmpfs" | "ramfs">>;
  /** Directory that is the root, over which changes are lost. Default: this machine's own. */
  readonly root?: string;
  readonly cwd?: string;
  readonly stdio?: SpawnOptions["stdio"];
}

export interface ContainerRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Home of everybody in a container who is not given another. */
export const CONTAINER_HOME = "/home/container";

const MASKS = { none: 0n, default: 0xa80425fbn, "sys-admin": 0xa80425fbn | (1n << 21n), all: (1n << 41n) - 1n };

let compiled: string | undefined;

/** Returns the path of the loader, which is compiled on first use and goes with this process. */
function loader(): string {
  if (compiled !== undefined) return compiled;
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-loader-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const helper = join(packageRoot(), "executor-native/helper");
  const own = join(packageRoot(), "test/support/container/loader");
  const sources = [
    ...readdirSync(own)
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(own, name)),
    ...readdirSync(join(helper, "base"))
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(helper, "base", name)),
    ...["seccomp/allow-list.c", "seccomp/bpf.c", "mounts/mount-api.c", "sandbox/user-namespace.c"].map((name) => join(helper, name)),
  ];
  const program = join(directory, "loader");
  const options = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-I", helper, "-o", program];
  const { status, stderr } = spawnSync("gcc", [...options, ...sources], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The loader of containers cannot be compiled:\n${stderr}`);
  compiled = program;
  return program;
}

/** Runs a command in a container of this kind. Resolves when the container is gone. */
export async function runInContainer(
  kind: ContainerKind,
  command: readonly string[],
  options: ContainerOptions = {},
): Promise<ContainerRun> {
  const place = mkdtempSync(join(tmpdir(), "tsbuild-container-"));
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: CONTAINER_HOME,
    ...kind.env,
    ...options.env,
  };
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(loader(), [...loaderOptions(kind, options, place), "--", ...command], {
        env,
        cwd: "/",
        stdio: options.stdio ?? ["ignore", "pipe", "pipe"],
      });
      let [stdout, stderr] = ["", ""];
      child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code: code ?? 128 + (constants.signals[signal ?? "SIGKILL"] ?? 0), stdout, stderr }));
    });
  } finally {
    rmdirSync(place);
  }
}

function loaderOptions(kind: ContainerKind, options: ContainerOptions, place: string): string[] {
  const { uid = 0, gid = 0 } = kind;
  const given = [
    `--place=${place}`,
    `--user=${uid}:${gid}`,
    `--home=${CONTAINER_HOME}`,
    `--directory=${options.cwd ?? "/"}`,
    `--root=${options.root ?? "/"}`,
  ];
  given.push(`--capabilities=${MASKS[uid === 0 ? kind.capabilities : "none"]}`, `--filter=${filterOf(kind)}`);
  for (const [name, error] of Object.entries(kind.refused ?? {})) given.push(`--refuse=${name}=${constants.errno[error]}`);
  if (kind.masked) given.push("--masked");
  if (kind.noNewPrivileges) given.push("--no-new-privileges");
  if (kind.userNamespaces === 0) given.push("--no-user-namespaces");
  if (kind.readonlyRoot) given.push("--readonly");
  const own = options.root === undefined ? hidden(kind) : [];
  for (const path of [...own, ...(options.volumes ?? [])]) given.push(`--volume=${path}`);
  for (const [path, type] of Object.entries(options.filesystems ?? {})) given.push(`--filesystem=${type}=${path}`);
  return given;
}

function filterOf(kind: ContainerKind): "none" | "default" | "sys-admin" {
  if (kind.seccomp === "unconfined") return "none";
  return kind.capabilities === "sys-admin" && kind.uid === undefined ? "sys-admin" : "default";
}

/**
 * Returns the directories of this project and of Node that a container would not show: those that
 * are not on the root's file system, of whose overlay they are no part, and those below a new /tmp.
 */
function hidden(kind: ContainerKind): readonly string[] {
  const root = statSync("/").dev;
  const isHidden = (path: string) => statSync(path).dev !== root || (kind.readonlyRoot === true && path.startsWith("/tmp/"));
  return [packageRoot(), dirname(process.execPath)].filter(isHidden);
}
