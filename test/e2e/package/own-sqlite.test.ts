import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { nodeFromNpm } from "../../support/rigs/node-from-npm.js";
import { Rig } from "../../support/rigs/rig.js";
import { requires } from "../../support/requires.js";

/** First Node with an SQLite of its own that needs no flag. */
const FIRST = "22.13.0";
const PORT = "@photostructure/sqlite";
const COMMAND = join(packageRoot(), "dist", "cli.cjs");

const folder = mkdtempSync(join(tmpdir(), "tsbuild-node-"));
const node = await nodeFromNpm(FIRST, folder);

const remove = (): void => rmSync(folder, { recursive: true });
// ava calls no hook of a file whose tests are all skipped.
if (typeof node !== "string") remove();
test.after.always(() => typeof node === "string" && remove());

requires(typeof node === "string" ? undefined : node.reason)(
  "a Node with its own SQLite reads the store of one without, and its warning reaches no user",
  async (t) => {
    const rig = new Rig();
    try {
      const hook = `process.on("exit", () => console.error("own", process.moduleLoadList.includes("NativeModule sqlite")));`;
      const place = join(rig.context("hook", { "hook.cjs": hook }), "hook.cjs");
      const context = rig.context("context", { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
      const build = async (program: string) => {
        const args = ["--require", place, COMMAND, "build", "--progress=plain", context];
        const { code, stderr } = await rig.spawn(program, args).ended;
        t.is(code, 0, stderr);
        return stderr;
      };
      await build(process.execPath);
      for (let time = 0; time < 2; time++) {
        const stderr = await build(node as string);
        t.regex(stderr, /CACHED/);
        t.regex(stderr, /^own true$/m);
        t.notRegex(stderr, /warning/i);
      }
    } finally {
      await rig.dispose();
    }
  },
);

test("the addon for SQLite is the file that the port's own loader would take", async (t) => {
  const require = createRequire(join(packageRoot(), "package.json"));
  const home = join(require.resolve(`${PORT}/package.json`), "..");
  const loader = createRequire(join(home, "package.json"))("node-gyp-build") as { path(directory: string): string };
  const { ADDONS } = (await import(join(packageRoot(), "scripts", "native.mjs"))) as {
    readonly ADDONS: Readonly<Record<string, (arch: string, libc: string) => { readonly of: string; readonly file: string }>>;
  };
  const places = ["glibc", "musl"].map((libc) => ADDONS["sqlite.node"]?.(process.arch, libc));
  t.deepEqual(new Set(places.map((place) => place?.of)), new Set([PORT]));
  t.true(places.some((place) => place?.file === relative(home, loader.path(home))));
});
