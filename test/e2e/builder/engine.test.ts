import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { missingForBusybox, startBusyboxRegistry } from "../../support/images/base-image.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { NO_ENGINE, notInstalled, requires } from "../../support/requires.js";
import { type Ended, Rig } from "../../support/rigs/rig.js";
import type { RealRegistry } from "../../support/servers/registry.js";

// The BuildKit of a Docker Engine builds, where DOCKER_HOST names one. Its steps have the network
// of the machine (scripts/docker-engine.sh), which the command line must allow.

const missing = missingForBusybox();
const { serial } = requires(notInstalled(missing), process.env["DOCKER_HOST"] ? undefined : NO_ENGINE);
const NETWORK = ["--network", "host", "--allow", "network.host"];
let registry: RealRegistry;
let rig: Rig;

test.before(async () => {
  if (missing !== undefined) return;
  registry = await startBusyboxRegistry();
  rig = new Rig();
});

test.after.always(async () => {
  await rig?.dispose();
  await registry?.stop();
});

const ENGINE = { DOCKER_HOST: process.env["DOCKER_HOST"] ?? "" };

function build(args: readonly string[], context: string): Promise<Ended> {
  return rig.cli(["build", "--progress=plain", ...NETWORK, "--build-arg", `REGISTRY=${registry.host}`, ...args, context], { env: ENGINE });
}

const remotely = (args: readonly string[], context: string): Promise<Ended> => build(["--builder", "docker://", ...args], context);

const STAGES = `ARG REGISTRY=none
FROM $REGISTRY/busybox AS build
WORKDIR /src
COPY . .
RUN mkdir /out && cat a.txt deep/b.txt > /out/both && chmod 750 /out/both && ln -s both /out/link
RUN chown 1000:1000 /out/both
FROM $REGISTRY/busybox
COPY --from=build /out /out
COPY --chown=app --chmod=640 a.txt /a
RUN echo ran > /ran && rm /etc/group
USER app
ENV COLOR=red
CMD ["cat", "/out/both"]
`;

/** Returns a directory as lines of type, mode, size and text. */
function listing(directory: string, path = ""): readonly string[] {
  return readdirSync(join(directory, path), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = join(path, entry.name);
      if (entry.isSymbolicLink()) return [`${name} link`];
      const mode = (statSync(join(directory, name)).mode & 0o7777).toString(8);
      if (entry.isDirectory()) return [`${name}/ ${mode}`, ...listing(directory, name)];
      return [`${name} ${mode} ${readFileSync(join(directory, name)).toString("base64").slice(0, 64)}`];
    });
}

interface Config {
  readonly config: unknown;
  readonly history: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

async function config(tar: string): Promise<Config> {
  const index = JSON.parse(await rig.tarFile(tar, "index.json")) as { readonly manifests: readonly { readonly digest: string }[] };
  const blob = async (digest: string): Promise<unknown> => JSON.parse(await rig.tarFile(tar, `blobs/${digest.replace(":", "/")}`));
  const manifest = (await blob(index.manifests[0]?.digest ?? "")) as { readonly config: { readonly digest: string } };
  return (await blob(manifest.config.digest)) as Config;
}

serial("an image of several stages equals the one that is built here, by files and config, and is found again", async (t) => {
  const context = rig.context("stages", {
    Dockerfile: STAGES,
    "a.txt": "a\n",
    "deep/b.txt": "b\n",
    ".dockerignore": "secret\n",
    secret: "s",
  });
  const outputs = (name: string) => ["-o", `type=oci,dest=${rig.path(`${name}.tar`)}`, "-o", `type=local,dest=${rig.path(name)}`];
  const there = await remotely(outputs("there"), context);
  t.is(there.code, 0, there.stderr);
  const here = await build(outputs("here"), context);
  t.is(here.code, 0, here.stderr);
  t.deepEqual(listing(rig.path("there")), listing(rig.path("here")));
  const [one, other] = [await config(rig.path("there.tar")), await config(rig.path("here.tar"))];
  t.deepEqual(one.config, other.config);
  const shape = ({ history }: Config) => history.map(({ created_by, empty_layer }) => ({ created_by, empty_layer }));
  t.deepEqual(shape(one), shape(other));
  t.is(one.rootfs.diff_ids.length, other.rootfs.diff_ids.length);
  t.deepEqual(instructionSteps(there.stderr).DONE.toSorted(), instructionSteps(here.stderr).DONE.toSorted());
  const again = await remotely(outputs("again"), context);
  t.is(again.code, 0, again.stderr);
  t.deepEqual(instructionSteps(again.stderr).DONE, []);
  t.deepEqual(await config(rig.path("again.tar")), one);
});

serial("a step that fails is reported with its place, its output and its status; nothing is written", async (t) => {
  const context = rig.context("failing", { Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN echo before; exit 7\nRUN true\n" });
  const { code, stderr } = await remotely(["-o", `type=oci,dest=${rig.path("failed.tar")}`], context);
  t.is(code, 1);
  t.regex(stderr, /Dockerfile:3/);
  t.regex(stderr, /exit code: 7/);
  t.regex(stderr, /\d before\n/);
  t.throws(() => rig.size(rig.path("failed.tar")), { code: "ENOENT" });
});

serial("secrets and the docker archive; a file that nobody asks for does not leave the machine", async (t) => {
  const context = rig.context("secret", {
    Dockerfile:
      "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token > /length\nCOPY wanted /\n",
    wanted: "w",
    "unused.bin": "x".repeat(3_000_000),
  });
  writeFileSync(rig.path("token"), "12345");
  const { code, stderr } = await remotely(
    [
      "--secret",
      `id=token,src=${rig.path("token")}`,
      "-o",
      `type=docker,dest=${rig.path("secret.tar")}`,
      "-o",
      `type=local,dest=${rig.path("secret-out")}`,
    ],
    context,
  );
  t.is(code, 0, stderr);
  t.is(readFileSync(rig.path("secret-out", "length"), "utf8").trim(), "5");
  t.regex(stderr, /transferring context: \d+B/);
});
