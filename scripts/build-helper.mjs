// Compiles executor-native/helper to dist/native/tsbuild-sandbox with the system's C compiler, when its sources are newer.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "executor-native", "helper");
const out = join(root, "dist", "native", "tsbuild-sandbox");

const newest = Math.max(
  ...readdirSync(source).map((name) => statSync(join(source, name)).mtimeMs),
  statSync(fileURLToPath(import.meta.url)).mtimeMs,
);
const built = statSync(out, { throwIfNoEntry: false });
if (built && built.mtimeMs > newest) process.exit(0);

if (process.platform !== "linux") {
  console.error(`Cannot build tsbuild's sandbox on ${process.platform}: it uses Linux namespaces. Steps with RUN will not work here.`);
  process.exit(0);
}
const compilers = [process.env.CC, "cc", "gcc", "clang"].filter(Boolean);
const compiler = compilers.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
if (!compiler) {
  console.error(`Cannot build tsbuild's sandbox: no C compiler was found (tried ${compilers.join(", ")}).
Install one and the C library's headers, then run this again:
  Debian, Ubuntu:  apt-get install gcc libc6-dev
  Fedora, RHEL:    dnf install gcc glibc-devel
  Alpine:          apk add gcc musl-dev linux-headers`);
  process.exit(1);
}

mkdirSync(dirname(out), { recursive: true });
const temporary = `${out}.${process.pid}`;
const sources = readdirSync(source)
  .filter((name) => name.endsWith(".c"))
  .map((name) => join(source, name));
const compile = (...extra) =>
  spawnSync(compiler, ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", ...extra, "-o", temporary, ...sources], {
    encoding: "utf8",
  });
// Static saves the loader's work at the start of every step; not every system has the static C library.
let result = compile("-static");
if (result.status !== 0) result = compile();
if (result.status !== 0) {
  rmSync(temporary, { force: true });
  console.error(`Cannot build tsbuild's sandbox with ${compiler}:\n${result.stderr || result.error?.message}
The C library's headers may be missing (Debian, Ubuntu: libc6-dev; Fedora, RHEL: glibc-devel; Alpine: musl-dev linux-headers).`);
  process.exit(1);
}
if (result.stderr) console.error(result.stderr);
renameSync(temporary, out);
