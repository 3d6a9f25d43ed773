import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DOCKER, ENGINE, engineSuite, NETWORK } from "../../support/rigs/engine-suite.js";

// The ways to the BuildKit of a Docker Engine, and its caches.

const suite = engineSuite();
const { serial, withDialer, remotely } = suite;

serial("a cache at a registry is written and read by the builder", async (t) => {
  const context = suite.rig.context("cached", { Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN date +%s%N > /now\n" });
  const ref = `${suite.registry.host}/builder/cache:a`;
  const written = await remotely(["--cache-to", `type=registry,ref=${ref},mode=max`, "-o", "type=cacheonly"], context);
  t.is(written.code, 0, written.stderr);
  t.is(
    (
      await fetch(`http://${suite.registry.host}/v2/builder/cache/manifests/a`, {
        headers: { accept: "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json" },
      })
    ).status,
    200,
  );
  const read = await remotely(["--cache-from", `type=registry,ref=${ref}`, "-o", "type=cacheonly"], context);
  t.is(read.code, 0, read.stderr);
  t.regex(read.stderr, /importing cache manifest from /);
});

serial("a cache in a directory of this machine is written and read by the builder", async (t) => {
  const context = suite.rig.context("kept", { Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN date +%s%N > /now\n" });
  const [directory, output] = [suite.rig.path("cache"), ["-o", "type=cacheonly"]];
  const written = await remotely(["--no-cache", "--cache-to", `type=local,dest=${directory},mode=max`, ...output], context);
  t.is(written.code, 0, written.stderr);
  const read = await remotely(["--cache-from", `type=local,src=${directory}`, ...output], context);
  t.is(read.code, 0, read.stderr);
  t.regex(read.stderr, /importing cache manifest from local:/);
});

for (const [address, program] of [
  ["docker-container://buildkit", "docker"],
  ["podman-container://buildkit", "podman"],
  ["kube-pod://buildkit", "kubectl"],
  ["ssh://buildkit", "ssh"],
] as const) {
  withDialer(`${program} leads to a builder: a session inside its API`, async (t) => {
    const bin = suite.rig.path(`bin-${program}`);
    mkdirSync(bin);
    const { PATH = "" } = process.env;
    // The program would run "buildctl dial-stdio" elsewhere; docker's client does the same here.
    writeFileSync(join(bin, program), `#!/bin/sh\nPATH=${JSON.stringify(PATH)} exec ${DOCKER} buildx dial-stdio\n`);
    chmodSync(join(bin, program), 0o755);
    const context = suite.rig.context(`dialed-${program}`, {
      Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nCOPY file /\nRUN cat /file /file > /twice\n",
      file: `${program}\n`.repeat(50_000),
    });
    const args = [
      "--builder",
      address,
      ...NETWORK,
      "--build-arg",
      `REGISTRY=${suite.registry.host}`,
      "--progress=plain",
      "-o",
      `type=local,dest=${suite.rig.path(`out-${program}`)}`,
    ];
    const env = { ...ENGINE, PATH: `${bin}:${PATH}`, ...(process.env["DOCKER_CONFIG"] && { DOCKER_CONFIG: process.env["DOCKER_CONFIG"] }) };
    const { code, stderr } = await suite.rig.cli(["build", ...args, context], { env });
    t.is(code, 0, stderr);
    t.is(statSync(suite.rig.path(`out-${program}`, "twice")).size, 2 * 50_000 * (program.length + 1));
    t.deepEqual(suite.rig.leftovers(), []);
  });
}
