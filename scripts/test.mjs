// Runs the whole suite as the current user and, as root, the privileged half beside it as an
// ordinary user. Names skipped tests with the reason. Ends with `N passed, M failed`, and `, K
// skipped` if any.
//   TSBUILD_TEST_USER   the ordinary user, who needs a subordinate id range; default:
//                       tsbuild-test when it exists
//   --no-user           leave out the second run, which then counts as skipped
//   --no-skips          count a skipped test as failed, on a machine that has all that tests need
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Scratch } from "./scratch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Tests that run again as an ordinary user, because their code depends on privileges: folders and
 * files below test/.
 */
const PRIVILEGED = ["api/build", "api/doctor", "api/image-store", "escape", "executor-native", "e2e", "solver/ops"];
/** Tests among them that run once, because every user's build takes the same way through them. */
const ANY_USER = [
  "e2e/build/compression",
  "e2e/build/debian-owners",
  "e2e/build/edit-matrix",
  "e2e/build/incremental",
  "e2e/cache",
  "e2e/package",
  "e2e/registry",
  "e2e/sources",
  "e2e/store/damaged-store",
  "e2e/store/disk-ends",
  "e2e/store/disk-full",
  "e2e/store/history",
];

/** Moments at which the second run kills and aborts: the first has met many. */
const FEWER = { TSBUILD_STRESS_KILLS: "16", TSBUILD_ABORTS: "5" };
/** Place of what tests make once for a machine (test/support/images/base-image.ts). */
const CACHE = process.env.TSBUILD_TEST_CACHE ?? join(homedir(), ".cache", "tsbuild-test");

const scratch = new Scratch();
/** Titles of tests without the reason of a skip, by outcome. */
const passed = new Map();
const skipped = new Map();
const failed = [];

/** Runs ava and reads its TAP lines. Shows failures whole, and only counts passed tests. */
async function runAva(title, command, args, options) {
  console.log(`# ${title}`);
  const count = { passed: 0, failed: 0, skipped: 0 };
  const directory = scratch.directory();
  const child = scratch.spawn(command, args, { cwd: options.cwd, env: options.env, directory, stdio: ["ignore", "pipe", "inherit"] });
  // Lines of one failure, shown at once: two parts run beside each other.
  let failure = [];
  const show = () => {
    if (failure.length > 0) console.log(failure.join("\n"));
    failure = [];
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const result = /^(not )?ok \d+(?: - (.*))?$/.exec(line);
    if (result) {
      show();
      const [, not, name = ""] = result;
      const skip = /^(.*?)(?: \(skipped: (.*)\))? # (?:SKIP|TODO)/i.exec(name);
      if (skip) {
        skipped.set(skip[1], skip[2] ?? "no reason is given");
        count.skipped++;
      } else if (not) {
        failed.push(name);
        count.failed++;
        failure.push(line);
      } else {
        passed.set(`${title} › ${name}`, name);
        count.passed++;
      }
    } else if (/^(TAP version|1\.\.|# )/.test(line)) show();
    else if (line.startsWith("Bail out!")) console.log(line);
    else if (failure.length > 0) failure.push(line);
  }
  show();
  const status = await new Promise((done) =>
    child.exitCode === null && child.signalCode === null ? child.on("close", done) : done(child.exitCode),
  );
  // A crash outside any test must not look like success.
  if (status !== 0 && count.failed === 0) fail(`${title} ended with ${status ?? child.signalCode}`);
  const left = scratch.remove(directory);
  if (left.length > 0) fail(`${title}: tests left in their temporary directory: ${left.join(" ")}`);
  console.log(`# ${title}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
}

function fail(name) {
  failed.push(name);
  console.log(`not ok - ${name}`);
}

function ordinaryUser() {
  if (process.getuid?.() !== 0 || process.argv.includes("--no-user")) return undefined;
  const name = process.env.TSBUILD_TEST_USER || "tsbuild-test";
  const { status } = spawnSync("id", ["-u", name], { stdio: "ignore" });
  if (status === 0) return { name, home: spawnSync("sh", ["-c", `echo ~${name}`], { encoding: "utf8" }).stdout.trim() };
  if (process.env.TSBUILD_TEST_USER) throw new Error(`TSBUILD_TEST_USER: there is no user "${name}"`);
  return undefined;
}

/** Returns the compiled tests of {@link PRIVILEGED}. A name that leads to no test is an error. */
function privilegedTests() {
  const all = readdirSync(join(root, "build", "test"), { recursive: true }).filter((path) => path.endsWith(".test.js"));
  const below = (name) => {
    const found = all.filter((path) => path === `${name}.test.js` || path.startsWith(`${name}/`));
    if (found.length === 0) fail(`scripts/test.mjs names test/${name}, which is no test`);
    return found;
  };
  const once = new Set(ANY_USER.flatMap(below));
  return PRIVILEGED.flatMap(below)
    .filter((path) => !once.has(path))
    .map((path) => join("build", "test", path));
}

/** Copies what the tests need for the user, who may not be able to read the clone itself. */
function copyFor(user) {
  const directory = scratch.directory();
  for (const name of [
    "build",
    "dist",
    "node_modules",
    "package.json",
    "ava.config.js",
    "test",
    "examples",
    "docs",
    "core",
    "net",
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
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "package-lock.json",
  ]) {
    if (existsSync(join(root, name)))
      cpSync(join(root, name), join(directory, name), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  for (const name of existsSync(CACHE) ? readdirSync(CACHE).filter((one) => one.startsWith("debian-")) : [])
    cpSync(join(CACHE, name), join(directory, "cache", name), { recursive: true });
  spawnSync("chown", ["-R", `${user.name}:`, directory], { stdio: "inherit" });
  return directory;
}

const compiled = spawnSync(process.execPath, [join(root, "scripts", "compile.mjs")], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) fail("the tests do not compile");
const ava = (directory) => join(directory, "scripts", "ava.mjs");
const isRoot = process.getuid?.() === 0;
const user = ordinaryUser();
if (isRoot && !user) skipped.set("the privileged part as an ordinary user", "TSBUILD_TEST_USER names none, and there is no tsbuild-test");
// Both parts at once: many tests wait, and the last ones of a part leave cores idle.
await Promise.all([
  runAva(isRoot ? "suite as root" : "suite", process.execPath, [ava(root), "--tap"], { cwd: root }),
  ...(user ? [runAsUser(user)] : []),
]);

/** Runs the privileged part as the ordinary user, in a copy that is theirs. */
async function runAsUser(user) {
  await makeDebian();
  const directory = copyFor(user);
  const env = {
    PATH: process.env.PATH,
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    LANG: "C.UTF-8",
    TSBUILD_TEST_CACHE: join(directory, "cache"),
    ...FEWER,
    ...(process.env.CI ? { CI: process.env.CI } : {}),
  };
  await runAva(
    `privileged part as ${user.name}`,
    "setpriv",
    ["--reuid", user.name, "--regid", user.name, "--init-groups", "--", process.execPath, ava(directory), "--tap", ...privilegedTests()],
    { cwd: directory, env },
  );
}

/** Makes the base image that both parts share, where it can be made. */
async function makeDebian() {
  const module = pathToFileURL(join(root, "build", "test", "support", "images", "base-image.js"));
  const script = `const { debianLayout, missingForDebian, withoutMirror } = await import("${module}");
    if (!missingForDebian() && !(await withoutMirror())) await debianLayout();`;
  const directory = scratch.directory();
  const child = scratch.spawn(process.execPath, ["--input-type=module", "--eval", script], {
    directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [status] = await once(child, "close");
  if (status !== 0) fail("the base image of Debian cannot be made");
  scratch.remove(directory);
}

summarize();

/**
 * Prints the tests that ran in no part, and the counts. A test that needs root is skipped in the
 * user's part only.
 */
function summarize() {
  const ran = new Set([...passed.values(), ...failed]);
  const never = [...skipped].filter(([name]) => !ran.has(name));
  for (const [name, reason] of never) console.log(`skipped: ${name}: ${reason}`);
  if (process.argv.includes("--no-skips")) for (const [name, reason] of never) fail(`skipped: ${name}: ${reason}`);
  const counted = never.length > 0 && !process.argv.includes("--no-skips") ? `, ${never.length} skipped` : "";
  console.log(`${passed.size} passed, ${failed.length} failed${counted}`);
  process.exit(failed.length === 0 ? 0 : 1);
}
