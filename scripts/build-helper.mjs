// Compiles executor-native/helper to dist/native/tsbuild-sandbox with the system's C compiler, when
// its sources are newer. The program must be static: steps can start it as /proc/self/exe, and the
// loader of the image, which is not trusted, would start a dynamic one.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "executor-native", "helper");
const out = join(root, "dist", "native", "tsbuild-sandbox");

const newest = Math.max(
  ...readdirSync(source, { recursive: true }).map((name) => statSync(join(source, name)).mtimeMs),
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
  fail(`no C compiler was found (tried ${compilers.join(", ")})`);
}

mkdirSync(dirname(out), { recursive: true });
const temporary = `${out}.${process.pid}`;
const sources = readdirSync(source, { recursive: true })
  .filter((name) => name.endsWith(".c"))
  .map((name) => join(source, name));
const options = ["-std=c11", "-D_GNU_SOURCE", "-I", source, "-Wall", "-Wextra", "-O2", "-static", "-o", temporary];
const result = spawnSync(compiler, [...options, ...sources], { encoding: "utf8" });
const problem = result.status === 0 ? dynamicPart(temporary) : `${compiler} -static failed:\n${result.stderr || result.error?.message}`;
if (problem !== undefined) {
  rmSync(temporary, { force: true });
  fail(problem);
}
if (result.stderr) console.error(result.stderr);
renameSync(temporary, out);

/**
 * Returns why a program is not static: a compiler may ignore `-static`, and the ELF header then
 * names a loader (PT_INTERP).
 */
function dynamicPart(file) {
  const bytes = readFileSync(file);
  const [table, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const kinds = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(table + index * size));
  return kinds.includes(3) ? `${compiler} made a dynamic program in spite of -static` : undefined;
}

function fail(problem) {
  console.error(`Cannot build tsbuild's sandbox: ${problem}
It needs a C compiler, the kernel's headers and a static C library:
  Debian, Ubuntu:  apt-get install gcc libc6-dev
  Fedora, RHEL:    dnf install gcc glibc-static kernel-headers
  Alpine:          apk add gcc musl-dev linux-headers
RHEL and its kin have glibc-static in the repository "crb" (dnf config-manager --set-enabled crb).`);
  process.exit(1);
}
