import test from "ava";
import { withRig } from "../../support/images/busybox-suite.js";

// Images of more layers than other engines run.

test("an image of 128 layers warns, one of 127 does not, nor files without layers", (t) =>
  withRig(async (rig) => {
    const warned = async (layers: number, output: string) => {
      const copies = Array.from({ length: layers }, (_, i) => `COPY f /${i}\n`);
      rig.context("context", { f: "", Dockerfile: `FROM scratch\n${copies.join("")}` });
      const { code, stderr } = await rig.cli(["build", "--progress=plain", "-o", output, rig.path("context")]);
      t.is(code, 0, stderr.slice(-2000));
      return stderr.split("\n").filter((line) => line.includes("image/many-layers"));
    };
    const archive = `type=oci,dest=${rig.path("image.tar")}`;
    t.deepEqual(await warned(127, archive), []);
    const [line, ...more] = await warned(128, archive);
    t.regex(line ?? "", /The image has 128 layers: engines with overlay2, docker among them, run at most 127/);
    t.deepEqual(more, []);
    t.deepEqual(await warned(128, `type=local,dest=${rig.path("files")}`), []);
  }));
