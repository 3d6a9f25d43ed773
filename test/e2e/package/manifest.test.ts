import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";

interface Manifest {
  readonly dependencies?: object;
  readonly private?: boolean;
  readonly cpu: readonly string[];
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
}

test("npm pack in a clone packs a manifest of its own, and leaves the clone's as it was, also after an aborted one", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-manifest-"));
  try {
    for (const name of ["package.json", "package-lock.json", "scripts"])
      cpSync(join(packageRoot(), name), join(directory, name), { recursive: true });
    const kinds = [`linux-${process.arch}`, `linux-${process.arch}-musl`];
    for (const kind of [...kinds, "linux-other"]) mkdirSync(join(directory, "dist", "native", kind), { recursive: true });
    const path = join(directory, "package.json");
    const manifest = (what: string) => {
      const { status, stderr } = spawnSync(process.execPath, [join(directory, "scripts", "manifest.mjs"), what], { encoding: "utf8" });
      t.is(status, 0, stderr);
      return JSON.parse(readFileSync(path, "utf8")) as Manifest;
    };
    const before = readFileSync(path, "utf8");
    manifest("put");
    // The first was killed before it could put the clone's back.
    const packed = manifest("put");
    t.is(packed.dependencies, undefined);
    t.is(packed.private, undefined);
    t.deepEqual(packed.cpu, [process.arch]);
    t.deepEqual(
      packed.files.filter((name) => name.startsWith("dist/native/")),
      kinds.map((kind) => `dist/native/${kind}`),
    );
    t.deepEqual(Object.keys(packed.scripts), ["postpack"]);
    manifest("back");
    t.is(readFileSync(path, "utf8"), before);
    t.false(existsSync(join(directory, "dist", "package.json")));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
