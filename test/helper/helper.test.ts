import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { helperPath } from "../../executor-native/helper-path.js";
import { requires, withoutProgram } from "../support/requires.js";

const source = join(packageRoot(), "executor-native/helper");
const withCompiler = requires(withoutProgram("cc"));

function withDirectory(action: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-helper-"));
  try {
    action(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Returns fields as the spec has them: length, bytes, NUL. */
function fields(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(bytes.length);
      return [size, bytes, Buffer.alloc(1)];
    }),
  );
}

/**
 * Runs `run` with this spec, and returns its status lines. The spec is a file, because spawnSync
 * has pipes for three descriptors only.
 */
function run(spec: Buffer, directory: string): string {
  writeFileSync(join(directory, "spec"), spec);
  const { status } = spawnSync("sh", ["-c", 'exec "$0" run 3< spec 4> status', helperPath()], { cwd: directory });
  return `${status} ${spawnSync("cat", [join(directory, "status")], { encoding: "utf8" }).stdout}`;
}

test("malformed specs are refused with a reason", (t) => {
  const table: readonly (readonly [name: string, spec: Buffer, expected: RegExp])[] = [
    ["empty", Buffer.alloc(0), /lacks a part/],
    ["cut in a length", fields("arg", "x").subarray(0, 10), /ends early/],
    ["cut in a text", fields("arg", "xyz").subarray(0, -2), /ends early/],
    ["a length past the end", Buffer.from([255, 255, 255, 255, 97, 0]), /ends early/],
    ["no NUL", Buffer.from([1, 0, 0, 0, 97, 98]), /ends early/],
    ["operation without its fields", fields("rlimit", "nofile"), /ends early/],
    ["unknown operation", fields("nosuch"), /unknown operation \\"nosuch\\"/],
    ["not a number", fields("network", "yes"), /\\"yes\\" where a number/],
    ["a negative number", fields("shm-size", "-1"), /\\"-1\\" where a number/],
    ["NUL in an argument", fields("arg", "a\0b"), /\\"a\\" has a NUL byte/],
    ["a layer without its mount", fields("overlay-lower", "/x"), /layer without its mount/],
    ["unknown limit", fields("rlimit", "nosuch", "1", "1"), /ulimit \\"nosuch\\"/],
  ];
  withDirectory((directory) => {
    for (const [name, spec, expected] of table) {
      const answer = run(spec, directory);
      t.regex(answer, expected, name);
      t.regex(answer, /^125 \{"status":"error","code":"[a-z/-]+","message":".*","errno":\d+\}\n$/, name);
    }
  });
});

test("no step is run by a program that it could change", (t) => {
  withDirectory((directory) => {
    const texts = { upper: "/", work: "/", arg: "true", cwd: "/", user: "", hostname: "x", hosts: "", "resolv-conf": "" };
    const spec = fields("parent", String(process.pid), ...Object.entries(texts).flat());
    t.regex(run(spec, directory), /^125 .*Cannot run steps: the file of this program is not on a read-only mount/);
  });
});

test("no mode, unknown mode", (t) => {
  for (const mode of [[], ["nosuch"], ["userns"], ["userns", "x", "direct", "", "", "/bin/true"]]) {
    const { status, stderr } = spawnSync(helperPath(), mode, { encoding: "utf8" });
    t.is(status, 125);
    t.regex(stderr, /Usage/);
  }
});

test("remove: trees, files, links and what is not there; links are not followed", (t) => {
  withDirectory((directory) => {
    mkdirSync(join(directory, "keep"));
    writeFileSync(join(directory, "keep/f"), "");
    mkdirSync(join(directory, "tree/a/b"), { recursive: true });
    symlinkSync("../../keep", join(directory, "tree/a/link"));
    symlinkSync("keep", join(directory, "link"));
    writeFileSync(join(directory, "file"), "");
    for (let i = 0; i < 3000; i++) writeFileSync(join(directory, `tree/a/b/${i}`), "");
    const paths = ["tree", "file", "link", "missing", "missing/deeper"].map((name) => `${join(directory, name)}\0`).join("");
    const result: SpawnSyncReturns<string> = spawnSync(helperPath(), ["remove"], { input: paths, encoding: "utf8" });
    t.deepEqual([result.status, result.stderr], [0, ""]);
    t.deepEqual(readdirSync(directory), ["keep"]);
    t.true(existsSync(join(directory, "keep/f")));
  });
});

test("remove: directories that may not be read, without the rights of root", (t) => {
  withDirectory((directory) => {
    const tree = join(directory, "tree");
    mkdirSync(join(tree, "closed/inner"), { recursive: true });
    writeFileSync(join(tree, "closed/inner/f"), "");
    for (const path of ["closed/inner", "closed", "."]) chmodSync(join(tree, path), 0);
    // Other users may not reach the program where it is built.
    copyFileSync(helperPath(), join(directory, "program"));
    const asRoot = process.geteuid?.() === 0;
    if (asRoot) spawnSync("chown", ["-R", "54321:54321", directory]);
    const drop = asRoot ? ["--reuid=54321", "--regid=54321", "--clear-groups"] : [];
    const { stderr } = spawnSync("setpriv", [...drop, join(directory, "program"), "remove"], {
      input: `${tree}\0`,
      encoding: "utf8",
      cwd: "/",
    });
    t.is(stderr, "");
    t.deepEqual(readdirSync(directory), ["program"]);
  });
});

withCompiler("compiles without a warning", (t) => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".c"));
  for (const compiler of ["gcc", "clang"]) {
    if (spawnSync(compiler, ["--version"]).status !== 0) {
      t.log(`skipped: no ${compiler}`);
      continue;
    }
    const options = ["-std=c11", "-D_GNU_SOURCE", "-I.", '-DLOADER_FILE="/dev/null"', "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
    const { stderr } = spawnSync(compiler, [...options, ...files], { cwd: source, encoding: "utf8" });
    t.is(stderr, "", compiler);
  }
});

withCompiler("the single file's launcher compiles without a warning", (t) => {
  const options = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
  const folder = join(packageRoot(), "scripts/sea");
  const files = readdirSync(folder).filter((name) => name.endsWith(".c"));
  t.true(files.includes("launch.c"));
  const { stderr } = spawnSync("cc", [...options, ...files], { cwd: folder, encoding: "utf8" });
  t.is(stderr, "");
});

withCompiler("a program that is not static is not built", (t) => {
  const compilers: readonly (readonly [name: string, script: string, expected: RegExp])[] = [
    ["no static C library", 'echo "ld: cannot find -lc" >&2; exit 1', /-static-pie failed:\nld: cannot find -lc\n/],
    [
      "one that makes a dynamic program",
      'echo "int main(void){return 0;}" | cc -o "$out" -x c -',
      /made a dynamic program in spite of -static/,
    ],
  ];
  for (const [name, script, expected] of compilers) {
    withDirectory((directory) => {
      for (const path of ["scripts/build-helper.mjs", "executor-native/helper"])
        cpSync(join(packageRoot(), path), join(directory, path), { recursive: true });
      const compiler = join(directory, "compiler");
      const output = 'while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; [ "$1" = --version ] && exit 0; shift; done';
      writeFileSync(compiler, `#!/bin/sh\n${output}\n${script}\n`, { mode: 0o755 });
      const env = { ...process.env, CC: compiler };
      const { status, stderr } = spawnSync(process.execPath, [join(directory, "scripts/build-helper.mjs")], { env, encoding: "utf8" });
      t.is(status, 1, name);
      t.regex(stderr, expected, name);
      for (const way of [/Debian.*libc6-dev/, /Fedora, RHEL: .*glibc-static/, /Alpine: .*musl-dev/]) t.regex(stderr, way, name);
      t.deepEqual(readdirSync(join(directory, "dist/native", `linux-${process.arch}`)), [], name);
    });
  }
});

test("the allow-list holds nothing that reaches outside", (t) => {
  // clone, clone3, personality and socket are filtered by their arguments, socketcall cannot be.
  // Calls that reach beyond a step's own namespaces are absent.
  const names = new Set(
    spawnSync("grep", ["-v", "^#", join(source, "seccomp/names.txt")], { encoding: "utf8" })
      .stdout.split(/\s+/)
      .filter(Boolean),
  );
  for (const name of [
    "clone",
    "clone3",
    "personality",
    "socket",
    "socketcall",
    "mount",
    "unshare",
    "setns",
    "bpf",
    "keyctl",
    "add_key",
    "kexec_load",
    "io_uring_setup",
    "userfaultfd",
    "pivot_root",
  ]) {
    t.false(names.has(name), name);
  }
  t.true(names.size > 340);
});
