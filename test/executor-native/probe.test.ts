import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { helperPath } from "../../executor-native/helper-path.js";
import { temporaryDirectory } from "../support/images/images.js";

for (const ownership of ["unprivileged", "virtual"]) {
  test(`a probe (${ownership}) leaves what is in its directory`, (t) => {
    const { path, remove } = temporaryDirectory();
    t.teardown(remove);
    // Names that the probe uses for its own.
    for (const name of ["lower", "upper", "work", "root"]) mkdirSync(join(path, name));
    for (const name of ["work/kept", "root/kept", "file"]) writeFileSync(join(path, name), "kept");
    const before = readdirSync(path, { recursive: true }).sort();
    const { stdout, status } = spawnSync(helperPath(), ["probe", path, ownership], { encoding: "utf8" });
    t.is(status, 0);
    t.regex(stdout, /"feature":"seccomp"/);
    t.deepEqual(readdirSync(path, { recursive: true }).sort(), before);
  });
}
