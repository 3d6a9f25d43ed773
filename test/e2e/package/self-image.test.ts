import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import { inRoot, withoutOtherRoot } from "../../support/rigs/empty-root.js";
import { Rig } from "../../support/rigs/rig.js";
import { notInstalled, requires, withoutProgram } from "../../support/requires.js";

const root = packageRoot();
const DOCKERFILE = join(root, "examples", "self", "Dockerfile");

const missing = [notInstalled(missingForBusybox()), withoutProgram("cc")];

requires(...missing, withoutOtherRoot())("the image that tsbuild makes of itself builds an image", async (t) => {
  const rig = new Rig();
  const registry = await startBusyboxRegistry();
  try {
    const files = rig.path("files");
    const made = spawnSync(process.execPath, [join(root, "scripts", "sea.mjs"), "--to", files], { encoding: "utf8" });
    t.is(made.status, 0, made.stderr);
    const place = rig.path("place");
    const base = ["--build-arg", `BASE=${registry.host}/busybox`];
    const { code, stderr } = await rig.cli(["build", "-f", DOCKERFILE, ...base, "-o", `type=local,dest=${place}`, files]);
    t.is(code, 0, stderr);
    for (const name of ["old", "proc", "dev", "context"]) mkdirSync(join(place, name), { recursive: true });
    copyFileSync(join(place, "bin", "busybox"), join(place, "context", "busybox"));
    writeFileSync(join(place, "context", "Dockerfile"), "FROM scratch\nCOPY busybox /bin/sh\nRUN echo made >/made\n");
    chmodSync(join(place, "context", "busybox"), 0o755);
    const command = ["/usr/local/bin/tsbuild", "-o", "type=tar,dest=/made.tar", "/context"];
    const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/root" };
    const inside = spawnSync("unshare", inRoot(place, command), { encoding: "utf8", env });
    t.is(inside.status, 0, inside.stderr);
    t.is(await rig.tarFile(join(place, "made.tar"), "made"), "made\n");
  } finally {
    await registry.stop();
    await rig.dispose();
  }
});

test("the image has both platforms, and no step of it runs on either", async (t) => {
  const rig = new Rig();
  try {
    const names = ["tsbuild-linux-x64", "tsbuild-linux-arm64"] as const;
    const files = rig.context("files", Object.fromEntries(names.map((name) => [name, name])));
    const platforms = ["--platform", "linux/amd64,linux/arm64", "--build-arg", "BASE=scratch"];
    const { code, stderr } = await rig.cli(["build", "-f", DOCKERFILE, ...platforms, "-o", `type=local,dest=${rig.path("out")}`, files]);
    t.is(code, 0, stderr);
    t.notRegex(stderr, /\bRUN\b/);
    for (const [platform, name] of [
      ["linux_amd64", names[0]],
      ["linux_arm64", names[1]],
    ] as const)
      t.is(readFileSync(rig.path("out", platform, "usr", "local", "bin", "tsbuild"), "utf8"), name);
  } finally {
    await rig.dispose();
  }
});
