import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxSuite } from "../support/busybox-suite.js";
import { Rig } from "../support/rig.js";

const { serial, host } = busyboxSuite();
const MIB = 1 << 20;

/** Loaded into the command and its threads: writes down how much is given to deflate. */
const hook = (log: string) => `const zlib = require("node:zlib");
const deflate = zlib.deflateRaw;
zlib.deflateRaw = (bytes, ...rest) => {
  require("node:fs").appendFileSync(${JSON.stringify(log)}, bytes.length + "\\n");
  return deflate(bytes, ...rest);
};
require("node:module").syncBuiltinESMExports();
`;

serial("a layer that a step waits for is unpacked as it is and compressed once, beside the step", async (t) => {
  const rig = new Rig();
  try {
    const log = rig.path("deflated");
    const context = rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nCOPY big /\nRUN ls /big\nRUN ls /\n" });
    writeFileSync(join(context, "big"), randomBytes(20 * MIB));
    writeFileSync(rig.path("hook.cjs"), hook(log));
    const args = ["build", "--build-arg", `REGISTRY=${host()}`, "-o", `type=oci,dest=${rig.path("out.tar")}`, context];
    const { code, stderr } = await rig.cli(args, { env: { NODE_OPTIONS: `--require=${rig.path("hook.cjs")}` } });
    t.is(code, 0, stderr);
    const deflated = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .reduce((sum, line) => sum + Number(line), 0);
    t.true(deflated >= 20 * MIB && deflated < 21 * MIB, `${deflated} bytes`);
    // What was packed for the step alone is gone.
    const blobs = join(rig.store, "v1/blobs/sha256");
    const large = readdirSync(blobs).filter((name) => statSync(join(blobs, name)).size > 10 * MIB);
    t.is(large.length, 1);
    const fd = openSync(join(blobs, large[0] ?? ""), "r");
    const start = Buffer.alloc(2);
    readSync(fd, start);
    closeSync(fd);
    t.is(start.toString("hex"), "1f8b");
  } finally {
    await rig.dispose();
  }
});
