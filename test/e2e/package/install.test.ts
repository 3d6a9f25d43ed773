import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import test, { type ExecutionContext } from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { inRoot, makeEmptyRoot, withoutOtherRoot } from "../../support/rigs/empty-root.js";
import { removeTree } from "../../support/remove-tree.js";
import { requires } from "../../support/requires.js";
import { Rig } from "../../support/rigs/rig.js";
import { npmRegistry } from "../../support/servers/npm-registry.js";
import type { FakeRegistry } from "../../support/servers/registry.js";

/** Most packages and bytes of an installation. */
const PACKAGES = 12;
const BYTES = 25_000_000;

const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "tsbuild-package-"));
const packages = join(directory, "packages");
/** Place where `npm install -g` put the command. */
const prefix = join(directory, "prefix");
const installed = join(prefix, "lib", "node_modules", "tsbuild");
let registry: FakeRegistry | undefined;

function run(command: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", cwd: directory, ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Runs npm beside this process, which has the registry that npm asks. */
async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const rig = new Rig();
  try {
    const settings = {
      registry: registry?.origin ?? "",
      cache: join(directory, "cache"),
      userconfig: join(directory, "npmrc"),
      audit: "false",
      fund: "false",
      update_notifier: "false",
    };
    const env = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`npm_config_${name}`, value]));
    const { code, stdout, stderr } = await rig.spawn("npm", args, { cwd, env }).ended;
    if (code !== 0) throw new Error(`npm ${args.join(" ")} ended with ${code}:\n${stderr}`);
    return stdout.toString("utf8");
  } finally {
    await rig.dispose();
  }
}

test.before(async () => {
  run(process.execPath, [join(root, "scripts", "pack.mjs"), "--to", packages, "--arch", process.arch]);
  registry = await npmRegistry(packages);
  await npm(directory, "install", "--global", "--prefix", prefix, "tsbuild");
});

test.after.always(async () => {
  await registry?.close();
  removeTree(directory);
});

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

test("an installation is two packages, small and without scripts", (t) => {
  const all = [...files(join(prefix, "lib", "node_modules"))];
  const manifests = all.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
  t.true(manifests.length <= PACKAGES, manifests.join("\n"));
  t.is(manifests.length, 2);
  for (const path of manifests) t.false("scripts" in (JSON.parse(readFileSync(path, "utf8")) as object), path);
  const bytes = all.reduce((sum, path) => sum + statSync(path).size, 0);
  t.true(bytes <= BYTES, `${bytes} bytes`);
  t.false(all.some((path) => path.startsWith(join(installed, "scripts"))));
});

test("npx runs the command without an installation", async (t) => {
  const empty = join(directory, "npx");
  mkdirSync(empty);
  t.regex(await npm(empty, "exec", "--yes", "--", "tsbuild", "--version"), /^tsbuild \d/);
  t.deepEqual(readdirSync(empty), []);
});

test("what the pages of the package link to is in the package", (t) => {
  const pages = [...files(installed)].filter((path) => path.endsWith(".md") && !path.includes("node_modules/@"));
  t.true(pages.length > 40);
  const readme = join(installed, "README.md");
  const broken = [...readFileSync(readme, "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map((found) => found[1] as string)
    .filter((link) => !/^(https?|mailto):/.test(link) && !existsSync(normalize(join(dirname(readme), link))));
  t.deepEqual(broken, []);
});

test("every package that is bundled has its license listed", (t) => {
  const licenses = readFileSync(join(installed, "dist", "LICENSES.txt"), "utf8");
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly dependencies: object };
  for (const name of [...Object.keys(dependencies), "@aws-sdk/credential-provider-node"]) t.true(licenses.includes(`${name} `), name);
});

const inEmptyRoot = requires(BUSYBOX === undefined ? "busybox is not installed" : undefined, withoutOtherRoot());

inEmptyRoot("in a root with Node and nothing else the command builds an image with a RUN step", (t) => {
  const place = join(directory, "empty");
  makeEmptyRoot(place, BUSYBOX as string, { "/usr/bin/node": process.execPath });
  cpSync(installed, join(place, "usr", "lib", "node_modules", "tsbuild"), { recursive: true, verbatimSymlinks: true });
  const context = join(place, "hello");
  cpSync(join(root, "examples", "hello"), context, { recursive: true });
  mkdirSync(join(context, "bin"), { recursive: true });
  cpSync(BUSYBOX as string, join(context, "bin", "busybox"));
  const command = [
    "/usr/bin/node",
    "/usr/lib/node_modules/tsbuild/dist/cli.cjs",
    "-t",
    "hello",
    "-o",
    "type=oci,dest=/hello.tar",
    "/hello",
  ];
  const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/root", TSBUILD_ROOT: "/store" };
  const { status, stderr } = spawnSync("unshare", inRoot(place, command), { encoding: "utf8", env });
  t.is(status, 0, stderr);
  t.regex(stderr, /RUN sed/);
  t.true(statSync(join(place, "hello.tar")).size > 100_000);
});

test.serial("without the package for this machine, or with another's program, the message says what to install", async (t) => {
  const rig = new Rig();
  const kind = join(installed, "node_modules", "@tsbuild");
  const away = `${kind}-away`;
  renameSync(kind, away);
  try {
    const context = rig.context("context", { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\nRUN ["/nothing"]\n' });
    const build = () => rig.spawn(process.execPath, [join(installed, "dist", "cli.cjs"), context]).ended;
    const missing = await build();
    t.is(missing.code, 1);
    t.regex(missing.stderr, /the package @tsbuild\/linux-(x64|arm64) holds it/);
    t.notRegex(missing.stderr, /\n {4}at /);
    // This is a node_modules that was copied from another kind of machine.
    const program = join(kind, `linux-${process.arch}`, "tsbuild-sandbox");
    cpSync(away, kind, { recursive: true });
    const bytes = readFileSync(program);
    bytes.writeUInt16LE(22, 18);
    writeFileSync(program, bytes);
    const foreign = await build();
    t.is(foreign.code, 1);
    t.regex(foreign.stderr, /error\[exec\/helper-missing\]: .* is for s390x processors, and this machine is (x64|arm64)/);
    t.regex(foreign.stderr, /the package @tsbuild\/linux-(x64|arm64) holds it/);
  } finally {
    rmSync(kind, { recursive: true, force: true });
    renameSync(away, kind);
    await rig.dispose();
  }
});

/** Makes a project that has the package installed. */
function project(t: ExecutionContext, contents: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(directory, "project-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(installed, join(folder, "node_modules", "tsbuild"));
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

test("require and import give one library", (t) => {
  const folder = project(t, {
    "both.cjs": `const required = require("tsbuild"), llb = require("tsbuild/llb");
import("tsbuild").then(async (imported) => {
  const names = (module) => Object.keys(module).filter((name) => !/^(default|__esModule|module\\.exports)$/.test(name)).sort();
  console.log(JSON.stringify({ same: names(required).every((name) => required[name] === imported[name]), names: [names(required), names(imported)], llb: names(llb) }));
  const error = await imported.build({ context: "/nowhere" }).catch((error) => error);
  console.log(error instanceof required.TsbuildError);
});`,
  });
  const [first = "", second] = run(process.execPath, [join(folder, "both.cjs")]).split("\n");
  const { same, names, llb } = JSON.parse(first) as {
    readonly same: boolean;
    readonly names: readonly (readonly string[])[];
    readonly llb: readonly string[];
  };
  t.true(same);
  t.deepEqual(names[0], names[1]);
  t.true(names[0]?.includes("build"));
  t.true(llb.length > 0);
  t.is(second, "true");
});

test("programs in TypeScript compile, as modules and as CommonJS, and without Node's types they get a clear error", (t) => {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const options = {
    module: "nodenext",
    target: "es2022",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const folder = project(t, {
    "module.mts": `import { build, TsbuildError, type BuildOptions } from "tsbuild";
import * as llb from "tsbuild/llb";
const options: BuildOptions = { context: "." };
export const id: string | undefined = (await build(options)).imageId;
export const code = (error: unknown): string => (error instanceof TsbuildError ? error.code : "");
export { llb };
`,
    "common.cts": `import tsbuild = require("tsbuild");
import { type BuildOptions } from "tsbuild";
const options: BuildOptions = { context: "." };
export const result = tsbuild.build(options);
`,
    "tsconfig.json": JSON.stringify({ compilerOptions: options, files: ["module.mts", "common.cts"] }),
  });
  const compile = () => spawnSync(process.execPath, [compiler, "-p", folder, "--pretty"], { encoding: "utf8" }).stdout;
  // The package is reached by a link, from where its own folder sees no types.
  t.regex(compile(), /These declarations need those of Node: npm install --save-dev @types\/node/);
  const types = join(directory, "node_modules", "@types");
  mkdirSync(types, { recursive: true });
  for (const name of ["@types/node", "undici-types"]) {
    cpSync(join(root, "node_modules", name), join(directory, "node_modules", name), { recursive: true });
  }
  t.is(compile(), "");
});
