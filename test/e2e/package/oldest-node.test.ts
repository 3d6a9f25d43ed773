import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { nodeFromNpm } from "../../support/rigs/node-from-npm.js";
import { Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { notInstalled, requires } from "../../support/requires.js";

const { engines } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  readonly engines: { readonly node: string };
};
const OLDEST = `${engines.node.replace(">=", "")}.0`;

const folder = mkdtempSync(join(tmpdir(), "tsbuild-node-"));
const lacking = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const node = lacking === undefined ? await nodeFromNpm(OLDEST, folder) : { reason: lacking };

const remove = (): void => rmSync(folder, { recursive: true });
// ava calls no hook of a file whose tests are all skipped.
if (typeof node !== "string") remove();
test.after.always(() => typeof node === "string" && remove());

/** Builds an image with the required library, and compares that library with the imported one. */
const PROGRAM = `const required = require("tsbuild");
import("tsbuild").then(async (imported) => {
  const [, , context, dest] = process.argv;
  await required.build({ context, outputs: [{ type: "tar", dest }] });
  const error = await imported.build({ context: "/nowhere" }).catch((error) => error);
  console.log(process.version, error instanceof required.TsbuildError);
});
`;

requires(typeof node === "string" ? undefined : node.reason)(
  `the oldest Node that is promised requires the library and builds`,
  async (t) => {
    const rig = new Rig();
    try {
      const project = rig.context("project", { "program.cjs": PROGRAM });
      mkdirSync(join(project, "node_modules"));
      symlinkSync(packageRoot(), join(project, "node_modules", "tsbuild"));
      const context = rig.context("context", { Dockerfile: "FROM scratch\nCOPY busybox /bin/sh\nRUN echo made >/made\n" });
      const copied = await rig.spawn("cp", [BUSYBOX as string, join(context, "busybox")]).ended;
      t.is(copied.code, 0, copied.stderr);
      const { code, stdout, stderr } = await rig.spawn(node as string, [join(project, "program.cjs"), context, rig.path("made.tar")]).ended;
      t.is(code, 0, stderr);
      t.is(stdout.toString("utf8"), `v${OLDEST} true\n`);
      t.is(await rig.tarFile(rig.path("made.tar"), "made"), "made\n");
    } finally {
      await rig.dispose();
    }
  },
);
