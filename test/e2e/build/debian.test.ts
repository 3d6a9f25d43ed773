import { mkdirSync } from "node:fs";
import { debianLayout, pushLayout } from "../../support/images/base-image.js";
import { withoutDebian } from "../../support/images/busybox-suite.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { startRegistry } from "../../support/servers/registry.js";
import { Rig } from "../../support/rigs/rig.js";
import { imageConfig } from "../../support/rigs/scenario.js";
import { requires } from "../../support/requires.js";

// A whole build once: apt-get installs a compiler, a C program is compiled from the context, and
// the small final image runs it. Needs Debian's mirror, so it is skipped where the mirror cannot be
// reached or TSBUILD_TEST_OFFLINE is set.

const needs = requires(await withoutDebian());

const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/debian AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
WORKDIR /src
COPY hello.c .
RUN gcc -O1 -static -o /hello hello.c

FROM scratch
COPY --from=build /hello /usr/bin/hello
USER 1000:1000
ENV GREETED=world
ENTRYPOINT ["/usr/bin/hello"]
`;

const program = (text: string) =>
  `#include <stdio.h>\n#include <stdlib.h>\nint main(void) { printf("${text} %s\\n", getenv("GREETED")); return 0; }\n`;

const APT = "RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev";
const REST = ["COPY hello.c .", "RUN gcc -O1 -static -o /hello hello.c", "COPY --from=build /hello /usr/bin/hello"];

needs.serial("a Debian base, a compiler from apt, a small final image", async (t) => {
  const layout = await debianLayout();
  const registry = await startRegistry();
  const rig = new Rig();
  try {
    await pushLayout(layout, `${registry.host}/debian`);
    const context = rig.context("context", { Dockerfile: DOCKERFILE, "hello.c": program("hello") });
    const image = rig.path("image.tar");
    const build = (...more: string[]) =>
      rig.cli([
        "build",
        "--progress=plain",
        "--build-arg",
        `REGISTRY=${registry.host}`,
        "-t",
        "hello:1",
        "-o",
        `type=oci,dest=${image}`,
        ...more,
        context,
      ]);
    const steps = (stderr: string) => {
      const { CACHED, DONE } = instructionSteps(stderr);
      return { CACHED: [...CACHED].sort(), DONE: [...DONE].sort() };
    };
    const all = [APT, "WORKDIR /src", ...REST].sort();

    const first = await build();
    t.is(first.code, 0, first.stderr);
    t.deepEqual(steps(first.stderr), { CACHED: [], DONE: all });
    t.log(`first build: ${(first.duration / 1000).toFixed(1)} s`);
    t.like((await imageConfig(rig, image)).config, { User: "1000:1000", Entrypoint: ["/usr/bin/hello"] });

    mkdirSync(rig.path("layout"));
    await rig.spawn("tar", ["-xf", image, "-C", rig.path("layout")]).ended;
    const unpacked = await rig.spawn("umoci", ["unpack", "--rootless", "--image", `${rig.path("layout")}:1`, rig.path("bundle")]).ended;
    t.is(unpacked.code, 0, unpacked.stderr);
    const ran = await rig.spawn(rig.path("bundle/rootfs/usr/bin/hello"), [], { env: { GREETED: "world" } }).ended;
    t.is(ran.stdout.toString("utf8"), "hello world\n");

    const recorder = rig.recordProcesses();
    const snapshots = rig.snapshots();
    const second = await rig.cli(
      ["build", "--progress=plain", "--build-arg", `REGISTRY=${registry.host}`, "-o", `type=oci,dest=${image}`, context],
      { env: recorder.env },
    );
    t.is(second.code, 0, second.stderr);
    t.deepEqual(steps(second.stderr), { CACHED: all, DONE: [] });
    t.deepEqual([recorder.started(), rig.snapshots()], [[], snapshots]);

    rig.context("context", { "hello.c": program("goodbye") });
    const third = await build();
    t.is(third.code, 0, third.stderr);
    t.deepEqual(steps(third.stderr), { CACHED: [APT, "WORKDIR /src"].sort(), DONE: [...REST].sort() });

    // A comment gives the same program: what is copied from the stage is what it was.
    rig.context("context", { "hello.c": `${program("goodbye")}/* a comment */\n` });
    const fourth = await build();
    t.deepEqual(steps(fourth.stderr).CACHED, [APT, "WORKDIR /src", "COPY --from=build /hello /usr/bin/hello"].sort(), fourth.stderr);
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
    await registry.stop();
  }
});
