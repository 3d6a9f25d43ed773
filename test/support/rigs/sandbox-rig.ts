import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunIo, SandboxExit, SandboxSpec, StepReport, Worker } from "../../../executor-native/contract.js";
import { ownershipHere } from "../../../executor-native/id-map.js";
import { type Tier, wantedIsolation } from "../../../executor-native/tier.js";
import { startWorker } from "../../../executor-native/start-worker.js";
import { llistxattr } from "../../../core/system/posix.js";

/** A static busybox is all that a root file system needs here. */
export const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));

export const ENTRY = fileURLToPath(new URL("../../executor-native/entry.js", import.meta.url));

export interface Ran {
  readonly exit: SandboxExit;
  readonly out: string;
  readonly err: string;
  readonly upper: string;
  readonly report: StepReport;
}

export type RunOptions = Partial<SandboxSpec> & {
  readonly lowers?: readonly string[];
} & Partial<RunIo>;

/** Kind of the roots of steps that the environment asks for: `copied` ones are no overlays. */
const ROOTS = process.env["TSBUILD_TEST_ROOTS"];

/** Returns the tier that the environment asks for. Tests run their cases in each tier. */
function tierHere(): Tier {
  const wanted = wantedIsolation(undefined);
  return wanted === "auto" ? "namespaces" : wanted;
}

interface SandboxRigOptions {
  readonly base: string;
  readonly rootfs: string;
  readonly worker: Worker;
}

/**
 * A worker, a small root file system and a place for layers. `close` removes all files, whoever
 * owns them.
 */
export class SandboxRig {
  readonly base: string;
  readonly rootfs: string;
  readonly worker: Worker;
  /** Tier that the worker's steps have. */
  readonly tier = tierHere();
  /** True when owners are virtual for the current user. */
  readonly virtual = ownershipHere() === "virtual";
  #next = 0;
  private constructor({ base, rootfs, worker }: SandboxRigOptions) {
    this.base = base;
    this.rootfs = rootfs;
    this.worker = worker;
  }

  static async open(): Promise<SandboxRig> {
    const base = mkdtempSync(join(tmpdir(), "tsbuild-sandbox-"));
    chmodSync(base, 0o755);
    const rootfs = makeRootfs(join(base, "rootfs"));
    const options = {
      entry: ENTRY,
      stateDirectory: join(base, "state"),
      tier: tierHere(),
      ...(ROOTS === "copied" && { copiesRoots: true }),
    };
    return new SandboxRig({ base, rootfs, worker: await startWorker(options) });
  }

  async close(): Promise<void> {
    await this.worker.remove([this.base]);
    await this.worker.close();
  }

  directory(name = "d"): string {
    const path = join(this.base, `${name}${this.#next++}`);
    mkdirSync(path);
    return path;
  }

  /**
   * Runs a shell command, or an argument list, on top of `lowers` (default: the small root file
   * system).
   */
  async run(command: string | readonly string[], options: RunOptions = {}): Promise<Ran> {
    const { lowers, signal, onOutput, input, onStart, ...overrides } = options;
    const upper = this.directory("upper");
    const text = { stdout: "", stderr: "" };
    let report: StepReport = {};
    const exit = await this.worker.run(
      {
        rootfs: { lowers: lowers ?? [this.rootfs], upper, work: this.directory("work") },
        mounts: [],
        args: typeof command === "string" ? ["/bin/sh", "-c", command] : command,
        env: ["PATH=/bin"],
        cwd: "/",
        user: "",
        hostname: "sandbox",
        network: "host",
        security: "sandbox",
        hosts: "127.0.0.1 localhost\n",
        resolvConf: "nameserver 192.0.2.1\n",
        ...overrides,
      },
      {
        onOutput: (stream, data) => {
          text[stream] += Buffer.from(data).toString();
          return onOutput?.(stream, data);
        },
        onReport: (given) => {
          report = given;
        },
        ...(signal ? { signal } : {}),
        ...(input ? { input } : {}),
        ...(onStart ? { onStart } : {}),
      },
    );
    return { exit, out: text.stdout, err: text.stderr, upper, report };
  }
}

/** Makes busybox with a link for every applet, users and groups. */
export function makeRootfs(path: string): string {
  mkdirSync(join(path, "bin"), { recursive: true });
  mkdirSync(join(path, "etc"));
  mkdirSync(join(path, "tmp"));
  chmodSync(join(path, "tmp"), 0o1777);
  copyFileSync(BUSYBOX as string, join(path, "bin/busybox"));
  for (const applet of execFileSync(BUSYBOX as string, ["--list"], { encoding: "utf8" }).split("\n")) {
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(path, "bin", applet));
  }
  writeFileSync(join(path, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34:Web:/var/www:/bin/sh\nbare:x:44:45::/:/bin/sh\n");
  writeFileSync(join(path, "etc/group"), "root:x:0:\nweb:x:34:\nlogs:x:50:root,www\nmail:x:51:www,other\ntty:x:5:\n");
  return path;
}

/**
 * Returns paths below `directory` in the names of `relative`, sorted, directories with a final
 * slash.
 */
export function tree(directory: string, prefix = ""): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = `${prefix}${entry.name}`;
      return entry.isDirectory() ? [`${name}/`, ...tree(join(directory, entry.name), `${name}/`)] : [name];
    });
}

/**
 * Returns the arguments of a `sleep` that no other run of the tests on this machine has: `number`,
 * then a fraction of its own. Tests search for leftovers by them.
 */
export function ownSleep(number: number): string {
  return `${number}.${process.pid}`;
}

/** Returns text that changes with every change of a file's owner, mode, times or attributes. */
export function metadata(path: string): string {
  const { mode, uid, gid, ctimeNs } = statSync(path, { bigint: true });
  return [path, mode.toString(8), uid, gid, ctimeNs, ...llistxattr(path)].join(" ");
}

/** Returns the ids of processes of this machine whose command line holds `text`. */
export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}
