import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageRoot } from "../../../core/package-root.js";
import { removeTree } from "../remove-tree.js";

/** The command as it is installed. */
export const CLI = process.env["TSBUILD_TEST_CLI"] ?? join(packageRoot(), "dist", "cli.js");

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Milliseconds. */
  readonly duration: number;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Interrupts as ctrl-c in a terminal does: the signal goes to the whole process group. */
  interrupt(): void;
  /** Resolves when stderr so far matches; rejects when the process ends before. */
  shows(pattern: RegExp): Promise<void>;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Buffer;
  /** The test writes to the process itself, and ends its input. */
  readonly openInput?: boolean;
}

/**
 * One test's machine: a private store, temporary directory and home, and the built command, run as
 * the current user. It reports a command's leftovers, and {@link dispose} removes everything, also
 * files of mapped ids.
 */
export class Rig {
  readonly directory: string = mkdtempSync(join(tmpdir(), "tsbuild-e2e-"));
  readonly store: string = join(this.directory, "store");
  /**
   * Marker in the environment of every process that the rig starts, and in command lines that tests
   * make up: it identifies their leftovers.
   */
  readonly marker: string = `rig-${randomBytes(8).toString("hex")}`;
  readonly #running = new Set<ChildProcess>();

  constructor() {
    for (const name of ["home", "tmp", "run"]) mkdirSync(join(this.directory, name), { mode: 0o700 });
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /**
   * Makes a directory with these files. A name that ends in `/` is an empty directory. `from` is
   * copied first.
   */
  context(name: string, files: Readonly<Record<string, string>>, from?: string): string {
    const directory = this.path(name);
    mkdirSync(directory, { recursive: true });
    if (from) cpSync(from, directory, { recursive: true, verbatimSymlinks: true });
    for (const [path, content] of Object.entries(files)) {
      if (path.endsWith("/")) mkdirSync(join(directory, path), { recursive: true });
      else {
        mkdirSync(dirname(join(directory, path)), { recursive: true });
        writeFileSync(join(directory, path), content);
      }
    }
    return directory;
  }

  /** Returns the size of a file; throws ENOENT when there is none. */
  size(path: string): number {
    return statSync(path).size;
  }

  /** Returns the content of a file of the rig. */
  bytes(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** Runs `tsbuild ARGS` to its end. */
  cli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  start(args: readonly string[], options: CliOptions = {}): Running {
    return this.spawn(process.execPath, [CLI, ...args], options);
  }

  /** Starts any other program, in the same environment. */
  spawn(command: string, args: readonly string[], options: CliOptions = {}): Running {
    const begun = performance.now();
    const env = { ...this.#environment(), ...options.env };
    const child = spawn(command, args, { cwd: options.cwd ?? this.directory, env, detached: true });
    this.#running.add(child);
    const stdout: Buffer[] = [];
    let stderr = "";
    const watchers = new Set<() => void>();
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
      for (const watcher of watchers) watcher();
    });
    // A command that ends without reading is no failure of the test.
    child.stdin.on("error", () => undefined);
    if (!options.openInput) child.stdin.end(options.input);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.#running.delete(child);
        resolve({ code: code ?? undefined, stdout: Buffer.concat(stdout), stderr, duration: performance.now() - begun });
      });
    });
    const shows = (pattern: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!pattern.test(stderr)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        ended.then(() => reject(new Error(`the command ended without showing ${String(pattern)}:\n${stderr}`)), reject);
        look();
      });
    const interrupt = () => process.kill(-(child.pid as number), "SIGINT");
    return { process: child, ended, interrupt, shows };
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin:/usr/sbin:/sbin",
      HOME: this.path("home"),
      TMPDIR: this.path("tmp"),
      XDG_RUNTIME_DIR: this.path("run"),
      LANG: "C.UTF-8",
      NO_COLOR: "1",
      TSBUILD_ROOT: this.store,
      // The whole suite can be run on virtual owners.
      ...(process.env["TSBUILD_OWNERSHIP"] === undefined ? {} : { TSBUILD_OWNERSHIP: process.env["TSBUILD_OWNERSHIP"] }),
      TSBUILD_RIG: this.marker,
    };
  }

  /** Returns leftovers of ended commands: processes, mounts, temporary files. None is right. */
  leftovers(): string[] {
    return [...this.#processes().map(({ pid, command }) => `process ${pid}: ${command}`), ...this.#mounts(), ...this.#temporaryFiles()];
  }

  /**
   * Logs the processes that the command starts while it runs with the returned environment. Read
   * them with `started` once it has ended.
   */
  recordProcesses(): { readonly env: Readonly<Record<string, string>>; readonly started: () => readonly string[] } {
    const log = this.path(`processes-${randomBytes(4).toString("hex")}`);
    const hook = `${log}.cjs`;
    writeFileSync(
      hook,
      `const { ChildProcess } = require("node:child_process");
const spawn = ChildProcess.prototype.spawn;
ChildProcess.prototype.spawn = function (options) {
  require("node:fs").appendFileSync(${JSON.stringify(log)}, (options.args ?? [options.file]).join(" ") + "\\n");
  return spawn.call(this, options);
};
`,
    );
    const started = () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []);
    return { env: { NODE_OPTIONS: `--require=${hook}` }, started };
  }

  /** Returns the names of unpacked layers. */
  snapshots(): readonly string[] {
    return versions(this.store).flatMap((version) =>
      existsSync(join(version, "snapshots")) ? readdirSync(join(version, "snapshots")) : [],
    );
  }

  /** Returns the content of one file of a tar archive. */
  async tarFile(tar: string, path: string): Promise<string> {
    const { stdout, code, stderr } = await this.spawn("tar", ["-xOf", tar, path]).ended;
    if (code !== 0) throw new Error(`${path} is not in ${tar}: ${stderr}`);
    return stdout.toString("utf8");
  }

  /** Returns the ids of the running processes of this rig's commands. */
  processes(): number[] {
    return this.#processes().map(({ pid }) => pid);
  }

  #processes(): { readonly pid: number; readonly command: string }[] {
    const found: { readonly pid: number; readonly command: string }[] = [];
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
      const command = readProc(pid, "cmdline").replaceAll("\0", " ").trim();
      const ours = command.includes(this.marker) || command.includes(this.directory) || readProc(pid, "environ").includes(this.marker);
      // A zombie has no command line: it is gone, and only its parent does not know yet.
      if (ours && command !== "") found.push({ pid: Number(pid), command });
    }
    return found;
  }

  #mounts(): string[] {
    return readProc("self", "mountinfo")
      .split("\n")
      .filter((line) => line.includes(this.directory))
      .map((line) => `mount: ${line}`);
  }

  #temporaryFiles(): string[] {
    const places = [this.path("tmp"), this.path("run"), ...versions(this.store).map((version) => join(version, "tmp"))];
    return places.flatMap((place) => (existsSync(place) ? readdirSync(place).map((name) => `file: ${join(place, name)}`) : []));
  }

  /** Ends what still runs and removes everything. */
  async dispose(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    removeTree(this.directory);
  }
}

function versions(store: string): string[] {
  return existsSync(store) ? readdirSync(store).map((name) => join(store, name)) : [];
}

/** Returns an empty text for a process that is gone or that may not be read. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(join("/proc", pid, file), "latin1");
  } catch {
    return "";
  }
}
