import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { packageRoot } from "../core/package-root.js";

// Leftovers of tests when `npm run ok` or `npm test` is ended: the directory is removed, with
// processes and mounts.

const SCRATCH = pathToFileURL(join(packageRoot(), "scripts", "scratch.mjs")).href;

/**
 * A run of tests that leaves a file, a process and, as root, a mount, and never ends. Prints
 * `DIRECTORY PID` when all of it exists.
 */
const RUN = `
import { Scratch } from ${JSON.stringify(SCRATCH)};
const scratch = new Scratch();
const directory = scratch.directory();
scratch.spawn("sh", ["-c", \`
  setsid sleep 1000 < /dev/null > /dev/null 2>&1 &
  mkdir "$TMPDIR/m"; echo x > "$TMPDIR/f"
  if [ "$(id -u)" = 0 ]; then mount -t tmpfs tmpfs "$TMPDIR/m"; fi
  echo "$TMPDIR $!"; exec sleep 1000\`], { directory, stdio: ["ignore", "inherit", "inherit"] });
`;

const running = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  test(`a run of tests that gets ${signal} leaves nothing`, async (t) => {
    const home = mkdtempSync(join(tmpdir(), "tsbuild-scratch-"));
    const script = spawn(process.execPath, ["--input-type=module", "--eval", RUN], {
      env: { ...process.env, TMPDIR: home },
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.teardown(() => {
      script.kill("SIGKILL");
      rmSync(home, { recursive: true, force: true });
    });
    const [line] = (await once(script.stdout, "data")) as [Buffer];
    const [directory = "", pid = ""] = line.toString("utf8").trim().split(" ");
    t.teardown(() => spawnSync("umount", [join(directory, "m")], { stdio: "ignore" }));
    t.true(existsSync(join(directory, "f")) && running(Number(pid)));
    script.kill(signal);
    t.deepEqual(await once(script, "exit"), [code, null]);
    t.false(existsSync(directory));
    t.false(running(Number(pid)));
    t.false(readFileSync("/proc/self/mountinfo", "utf8").includes(directory));
  });
}

test("what a killed run left goes with the next one, when it is old; what else is there stays", (t) => {
  const home = mkdtempSync(join(tmpdir(), "tsbuild-scratch-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const { pid } = spawnSync("true");
  const names = [`ts-${pid}-old`, `ts-${pid}-new`, `ts-${process.pid}-old`, "ts-other", "else"];
  for (const name of names) {
    mkdirSync(join(home, name, "d"), { recursive: true });
    if (!name.endsWith("new")) utimesSync(join(home, name), 1, 1);
  }
  const { status } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", `import { Scratch } from ${JSON.stringify(SCRATCH)}; new Scratch();`],
    {
      env: { ...process.env, TMPDIR: home },
      stdio: "inherit",
    },
  );
  t.is(status, 0);
  t.deepEqual(
    names.filter((name) => existsSync(join(home, name))),
    names.slice(1),
  );
});
