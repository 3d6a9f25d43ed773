// A temporary directory for one run of the tests. It is removed when the run ends in any way, with
// the processes that were left in it and mounts below it. The next run removes the directory of a
// run that was killed.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Short prefix: sockets have room for 107 bytes of a path, and podman takes no more than 50 for its
 * own.
 */
const PREFIX = "ts-";
/** Signals of ctrl-c and kill, with the exit codes that shells make of them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
/** Milliseconds for a test run to end by itself. */
const GRACE = 5000;
/** Milliseconds without change after which the directory of a dead process is removed. */
const ABANDONED = 3_600_000;
/**
 * Directories of podman for a user without XDG_RUNTIME_DIR. A process of podman keeps them in use
 * after the commands have ended.
 */
const OF_PODMAN = /^(?:containers-user|podman-run|storage-run)-\d+$/;

/** Runs test commands with a `TMPDIR` of their own. */
export class Scratch {
  #directories = new Set();
  #children = new Set();

  constructor() {
    removeAbandoned();
    process.once("exit", () => {
      for (const directory of this.#directories) clear(directory);
    });
    for (const [signal, code] of Object.entries(SIGNALS)) {
      process.once(signal, () => {
        const stop = () => process.exit(code);
        for (const child of this.#children) {
          child.once("close", () => this.#children.size === 0 && stop());
          child.kill(signal);
        }
        if (this.#children.size === 0) stop();
        setTimeout(stop, GRACE);
      });
    }
  }

  /** Makes a new directory, which like /tmp is open to all users: some tests run as other users. */
  directory() {
    const path = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
    this.#directories.add(path);
    chmodSync(path, 0o1777);
    return path;
  }

  /** Starts a command with that `TMPDIR`. */
  spawn(command, args, { directory, env = process.env, ...options }) {
    const child = spawn(command, args, { ...options, env: { ...env, TMPDIR: directory } });
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    return child;
  }

  /**
   * Ends the processes in a directory, undoes mounts, and removes it. Returns the names that were
   * left, none after tests that clean up.
   */
  remove(directory) {
    const left = readdirSync(directory).filter((name) => !OF_PODMAN.test(name));
    clear(directory);
    this.#directories.delete(directory);
    return left;
  }
}

function clear(directory) {
  // Repeated until none is left: a process that ends may just have started another, and takes a
  // moment.
  for (let round = 0; round < 100; round++) {
    const left = processesIn(directory);
    if (left.length === 0) break;
    for (const pid of left) end(pid);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${directory}/`));
  for (const path of mounts.reverse()) spawnSync("umount", ["--lazy", path.replaceAll("\\040", " ")], { stdio: "ignore" });
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Files of ids that only a user namespace maps.
    spawnSync("unshare", ["--map-root-user", "--map-auto", "--", "rm", "-rf", directory], { stdio: "ignore" });
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Returns the processes of a directory: it is in their environment as `TMPDIR`, or in their
 * arguments.
 */
function processesIn(directory) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ["environ", "cmdline"].some((file) => read(`/proc/${pid}/${file}`).includes(directory)))
    .map(Number);
}

function read(path) {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function end(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** Removes the directories of runs that could not clean up: killed, or the machine went down. */
function removeAbandoned() {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    const path = join(tmpdir(), name);
    if (pid === undefined || Number(pid) === process.pid || read(`/proc/${pid}/cmdline`) !== "") continue;
    const stat = statSync(path, { throwIfNoEntry: false });
    // A run in another container may use the same /tmp.
    if (stat?.uid === process.getuid?.() && stat.mtimeMs < Date.now() - ABANDONED) clear(path);
  }
}
