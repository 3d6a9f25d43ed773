import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { Rig } from "../../support/rigs/rig.js";

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
    // Random bytes themselves would be stored.
    writeFileSync(join(context, "big"), randomBytes(15 * MIB).toString("base64"));
    writeFileSync(rig.path("hook.cjs"), hook(log));
    const args = ["build", "--build-arg", `REGISTRY=${host()}`, "-o", `type=oci,dest=${rig.path("out.tar")}`, context];
    const { code, stderr } = await rig.cli(args, { env: { NODE_OPTIONS: `--require=${rig.path("hook.cjs")}` } });
    t.is(code, 0, stderr);
    const deflated = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .reduce((sum, line) => sum + Number(line), 0);
    t.true(deflated >= 20 * MIB && deflated < 21 * MIB, `${deflated} bytes`);
    // The uncompressed blob that was packed for the step alone is gone.
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

serial("a reproducible build takes no blob from the store that it would have compressed otherwise", async (t) => {
  const rig = new Rig();
  try {
    const text = Array.from({ length: 20_000 }, (_, i) => `line ${i} of some text, ${i * i} of some more\n`).join("");
    const context = rig.context("context", { Dockerfile: "FROM scratch\nCOPY text /\n", text });
    let builds = 0;
    const layerOf = async (store: string, options: string, env: Readonly<Record<string, string>>): Promise<string> => {
      const dest = rig.path(`${++builds}`);
      const output = `type=oci,tar=false,dest=${dest}${options}`;
      const { code, stderr } = await rig.cli(["build", "-o", output, context], { env: { TSBUILD_ROOT: rig.path(store), ...env } });
      t.is(code, 0, stderr);
      const document = (digest: string) => JSON.parse(readFileSync(join(dest, "blobs/sha256", digest.slice(7)), "utf8"));
      const index = JSON.parse(readFileSync(join(dest, "index.json"), "utf8"));
      return document(index.manifests[0].digest).layers[0].digest;
    };
    const epoch = { SOURCE_DATE_EPOCH: "1700000000" };
    const clean = await layerOf("clean", "", epoch);
    const other = await layerOf("used", ",compression-level=1", epoch);
    t.not(other, clean);
    t.is(await layerOf("used", "", epoch), clean);
    t.is(await layerOf("used", ",compression-level=1", epoch), other);
    // Nobody waits for another level who did not ask for the same bytes everywhere.
    const first = await layerOf("plain", ",compression-level=1", {});
    t.is(await layerOf("plain", "", {}), first);
  } finally {
    await rig.dispose();
  }
});
