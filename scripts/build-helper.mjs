// Compiles executor-native/helper to dist/native/linux-ARCH/tsbuild-sandbox when its sources are
// newer: for this machine's processor with the system's C compiler, and for the other one with
// Debian's cross compiler where it is installed. The same sources and the same compiler give the
// same bytes, wherever the folder is. The program must be static: steps can start it as
// /proc/self/exe, and the loader of the image, which is not trusted, would start a dynamic one.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, "executor-native", "helper");

/** Processors that packages are made for, the cross compiler to each, and how Debian calls it. */
const PROCESSORS = {
  x64: { compiler: "x86_64-linux-gnu-gcc", packages: "gcc-x86-64-linux-gnu libc6-dev-amd64-cross" },
  arm64: { compiler: "aarch64-linux-gnu-gcc", packages: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross" },
};

/** Folder of the loader, a program of its own that the helper has within itself. */
const LOADER = join("supervised", "loader");
/** Options for a program without a C library, which runs wherever it is mapped. */
const FREESTANDING = ["-ffreestanding", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fPIE", "-nostdlib", "-static-pie"];

const names = readdirSync(source, { recursive: true, encoding: "utf8" }).toSorted();
const newest = Math.max(
  ...[...names.map((name) => join(source, name)), fileURLToPath(import.meta.url)].map((path) => statSync(path).mtimeMs),
);

if (process.platform !== "linux") {
  console.error(`Cannot build tsbuild's sandbox on ${process.platform}: it uses Linux namespaces. Steps with RUN will not work here.`);
  process.exit(0);
}
buildHere();
for (const arch of Object.keys(PROCESSORS)) if (arch !== process.arch) buildOther(arch);

function buildHere() {
  if (isNew(process.arch)) return;
  const compilers = [process.env.CC, "cc", "gcc", "clang"].filter(Boolean);
  const compiler = compilers.find(runs);
  if (!compiler) fail(`no C compiler was found (tried ${compilers.join(", ")})`);
  const problem = compile(compiler, process.arch);
  if (problem !== undefined) fail(problem);
}

/**
 * Builds the program of the other processor. Note that a failure is only reported, because this
 * machine works without that program.
 */
function buildOther(arch) {
  if (isNew(arch)) return;
  const { compiler, packages } = PROCESSORS[arch];
  if (!runs(compiler)) {
    console.error(`note: the sandbox is built for ${process.arch} only; for ${arch}, too: apt-get install ${packages}`);
    return;
  }
  const problem = compile(compiler, arch);
  if (problem !== undefined) console.error(`note: the sandbox is not built for ${arch}: ${problem}`);
}

function output(arch) {
  return join(root, "dist", "native", `linux-${arch}`, "tsbuild-sandbox");
}

function isNew(arch) {
  const built = statSync(output(arch), { throwIfNoEntry: false });
  return built !== undefined && built.mtimeMs > newest;
}

function runs(compiler) {
  return spawnSync(compiler, ["--version"], { stdio: "ignore" }).status === 0;
}

/** Returns why it failed, or undefined. */
function compile(compiler, arch) {
  const out = output(arch);
  mkdirSync(dirname(out), { recursive: true });
  const temporary = `${out}.${process.pid}`;
  // Sources are named from inside their folder and sorted, so that the bytes do not depend on where
  // it is.
  const sources = names.filter((name) => name.endsWith(".c") && !name.startsWith(join(LOADER, "/")));
  const common = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-s", "-Wl,--build-id=none"];
  const loader = `${temporary}.loader`;
  const loaderProblem = compileLoader(compiler, [...common, "-o", loader]);
  if (loaderProblem !== undefined) return loaderProblem;
  const options = [...common, "-I.", `-DLOADER_FILE="${loader}"`, "-static", "-o", temporary, ...sources];
  const result = spawnSync(compiler, options, { cwd: source, encoding: "utf8" });
  rmSync(loader, { force: true });
  const problem =
    result.status === 0 ? dynamicPart(compiler, temporary) : `${compiler} -static failed:\n${result.stderr || result.error?.message}`;
  if (problem !== undefined) {
    rmSync(temporary, { force: true });
    return problem;
  }
  if (result.stderr) console.error(result.stderr);
  renameSync(temporary, out);
}

/** Returns why it failed, or undefined. */
function compileLoader(compiler, options) {
  const sources = ["start.S", "load.c"].map((name) => join(LOADER, name));
  const result = spawnSync(compiler, [...options, ...FREESTANDING, ...sources], { cwd: source, encoding: "utf8" });
  return result.status === 0 ? undefined : `${compiler} -static-pie failed:\n${result.stderr || result.error?.message}`;
}

/**
 * Returns why a program is not static: a compiler may ignore `-static`, and the ELF header then
 * names a loader (PT_INTERP).
 */
function dynamicPart(compiler, file) {
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
RHEL and its relatives have glibc-static in the repository "crb" (dnf config-manager --set-enabled crb).`);
  process.exit(1);
}
