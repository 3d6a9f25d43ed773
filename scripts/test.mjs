// The whole suite, once as whoever runs it and, as root, the privileged half once more as an ordinary user. Ends with `N passed, M failed`.
//   TSBUILD_TEST_USER   the ordinary user (default: tsbuild-test when it exists); it needs a subordinate id range
//   --no-user           skip the second run
import { spawnSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Scratch } from "./scratch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What runs again as an ordinary user: everything whose way depends on privileges. */
const PRIVILEGED = [
  "build/test/executor-native/**/*.test.js",
  "build/test/solver/**/*.test.js",
  "build/test/api/**/*.test.js",
  "build/test/e2e/**/*.test.js",
];

const scratch = new Scratch();
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs ava and counts by its TAP lines; what failed is shown whole, what passed is only counted. */
async function runAva(title, command, args, options) {
  console.log(`# ${title}`);
  const before = { ...totals };
  const directory = scratch.directory();
  const child = scratch.spawn(command, args, { cwd: options.cwd, env: options.env, directory, stdio: ["ignore", "pipe", "inherit"] });
  let showing = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const result = /^(not )?ok \d+(?: - (.*))?$/.exec(line);
    if (result) {
      const [, not, name = ""] = result;
      if (/ # (SKIP|TODO)/i.test(name)) totals.skipped++;
      else if (not) totals.failed++;
      else totals.passed++;
      showing = Boolean(not) && !/ # (SKIP|TODO)/i.test(name);
      if (showing) console.log(line);
    } else if (/^(TAP version|1\.\.|# )/.test(line)) showing = false;
    else if (showing || line.startsWith("Bail out!")) console.log(line);
  }
  const status = await new Promise((done) =>
    child.exitCode === null && child.signalCode === null ? child.on("close", done) : done(child.exitCode),
  );
  const failed = totals.failed - before.failed;
  // A crash outside any test must not look like success.
  if (status !== 0 && failed === 0) totals.failed++;
  const left = scratch.remove(directory);
  if (left.length > 0) {
    console.log(`not ok - tests left in their temporary directory: ${left.join(" ")}`);
    totals.failed++;
  }
  console.log(
    `# ${title}: ${totals.passed - before.passed} passed, ${totals.failed - before.failed} failed, ${totals.skipped - before.skipped} skipped`,
  );
}

function ordinaryUser() {
  if (process.getuid?.() !== 0 || process.argv.includes("--no-user")) return undefined;
  const name = process.env.TSBUILD_TEST_USER || "tsbuild-test";
  const { status } = spawnSync("id", ["-u", name], { stdio: "ignore" });
  if (status === 0) return { name, home: spawnSync("sh", ["-c", `echo ~${name}`], { encoding: "utf8" }).stdout.trim() };
  if (process.env.TSBUILD_TEST_USER) throw new Error(`TSBUILD_TEST_USER: there is no user "${name}"`);
  return undefined;
}

/** A copy of what the tests need, owned by the user: the clone itself may lie where that user cannot read. */
function copyFor(user) {
  const directory = scratch.directory();
  for (const name of [
    "build",
    "dist",
    "node_modules",
    "package.json",
    "test",
    "examples",
    "docs",
    "core",
    "llb",
    "oci",
    "cache",
    "frontend",
    "solver",
    "executor-native",
    "exporters",
    "api",
    "cli",
    "scripts",
    "bench",
    "README.md",
  ]) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(directory, name), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  spawnSync("chown", ["-R", `${user.name}:`, directory], { stdio: "inherit" });
  return directory;
}

const compiled = spawnSync(process.execPath, [join(root, "scripts", "compile.mjs")], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) totals.failed++;
const ava = (directory) => join(directory, "node_modules", "ava", "entrypoints", "cli.mjs");
await runAva(process.getuid?.() === 0 ? "suite as root" : "suite", process.execPath, [ava(root), "--tap"], { cwd: root });
const user = ordinaryUser();
if (user) {
  const directory = copyFor(user);
  const env = {
    PATH: process.env.PATH,
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    LANG: "C.UTF-8",
    ...(process.env.CI ? { CI: process.env.CI } : {}),
  };
  await runAva(
    `privileged part as ${user.name}`,
    "setpriv",
    ["--reuid", user.name, "--regid", user.name, "--init-groups", "--", process.execPath, ava(directory), "--tap", ...PRIVILEGED],
    { cwd: directory, env },
  );
} else if (process.getuid?.() === 0) console.log("# no ordinary user to run as: set TSBUILD_TEST_USER");

console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);
