import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { ENGINE, engineSuite, NETWORK } from "../../support/rigs/engine-suite.js";
import { until } from "../../support/until.js";

// The BuildKit of a Docker Engine builds, where DOCKER_HOST names one.

const suite = engineSuite();
const { serial, build, remotely } = suite;

/** Text that no earlier run of the tests had: the engine keeps its cache. */
const UNIQUE = `${process.pid} ${Date.now()}\n`;

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
  const index = JSON.parse(await suite.rig.tarFile(tar, "index.json")) as { readonly manifests: readonly { readonly digest: string }[] };
  const blob = async (digest: string): Promise<unknown> => JSON.parse(await suite.rig.tarFile(tar, `blobs/${digest.replace(":", "/")}`));
  const manifest = (await blob(index.manifests[0]?.digest ?? "")) as { readonly config: { readonly digest: string } };
  return (await blob(manifest.config.digest)) as Config;
}

serial("an image of several stages equals the one that is built here, by files and config, and is found again", async (t) => {
  const context = suite.rig.context("stages", {
    Dockerfile: STAGES,
    "a.txt": UNIQUE,
    "deep/b.txt": "b\n",
    ".dockerignore": "secret\n",
    secret: "s",
  });
  const outputs = (name: string) => [
    "-o",
    `type=oci,dest=${suite.rig.path(`${name}.tar`)}`,
    "-o",
    `type=local,dest=${suite.rig.path(name)}`,
  ];
  const there = await remotely(outputs("there"), context);
  t.is(there.code, 0, there.stderr);
  const here = await build(outputs("here"), context);
  t.is(here.code, 0, here.stderr);
  t.deepEqual(listing(suite.rig.path("there")), listing(suite.rig.path("here")));
  const [one, other] = [await config(suite.rig.path("there.tar")), await config(suite.rig.path("here.tar"))];
  t.deepEqual(one.config, other.config);
  const shape = ({ history }: Config) => history.map(({ created_by, empty_layer }) => ({ created_by, empty_layer }));
  t.deepEqual(shape(one), shape(other));
  t.is(one.rootfs.diff_ids.length, other.rootfs.diff_ids.length);
  // The engine may have a step of an earlier run that depends on no file.
  const { DONE, CACHED } = instructionSteps(there.stderr);
  t.deepEqual([...DONE, ...CACHED].toSorted(), instructionSteps(here.stderr).DONE.toSorted());
  t.true(DONE.includes("COPY . ."));
  const again = await remotely(outputs("again"), context);
  t.is(again.code, 0, again.stderr);
  t.deepEqual(instructionSteps(again.stderr).DONE, []);
  t.deepEqual(await config(suite.rig.path("again.tar")), one);
});

serial("a step that fails is reported with its place, its output and its status; nothing is written", async (t) => {
  const context = suite.rig.context("failing", {
    Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN echo before; exit 7\nRUN true\n",
  });
  const { code, stderr } = await remotely(["-o", `type=oci,dest=${suite.rig.path("failed.tar")}`], context);
  t.is(code, 1);
  t.regex(stderr, /Dockerfile:3/);
  t.regex(stderr, /exit code: 7/);
  t.regex(stderr, /\d before\n/);
  t.throws(() => suite.rig.size(suite.rig.path("failed.tar")), { code: "ENOENT" });
});

serial("secrets and the docker archive; a file that nobody asks for does not leave the machine", async (t) => {
  const context = suite.rig.context("secret", {
    Dockerfile:
      "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token > /length\nCOPY wanted /\n",
    wanted: "w",
    "unused.bin": "x".repeat(3_000_000),
  });
  writeFileSync(suite.rig.path("token"), "12345");
  const { code, stderr } = await remotely(
    [
      "--secret",
      `id=token,src=${suite.rig.path("token")}`,
      "-o",
      `type=docker,dest=${suite.rig.path("secret.tar")}`,
      "-o",
      `type=local,dest=${suite.rig.path("secret-out")}`,
    ],
    context,
  );
  t.is(code, 0, stderr);
  t.is(readFileSync(suite.rig.path("secret-out", "length"), "utf8").trim(), "5");
  t.regex(stderr, /transferring context: \d+B/);
});

serial("ctrl-c ends the work of the builder too", async (t) => {
  const seconds = `${100_000 + process.pid}`;
  const context = suite.rig.context("endless", {
    Dockerfile: `ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN echo begun; sleep ${seconds}\n`,
  });
  const sleeping = (): boolean =>
    readdirSync("/proc").some((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8") === `sleep\0${seconds}\0`;
      } catch {
        return false;
      }
    });
  const args = [
    "--builder",
    "docker://",
    ...NETWORK,
    "--build-arg",
    `REGISTRY=${suite.registry.host}`,
    "--progress=plain",
    "-o",
    "type=cacheonly",
  ];
  const running = suite.rig.start(["build", ...args, context], { env: ENGINE });
  await running.shows(/\d begun/);
  t.true(await until(sleeping));
  running.interrupt();
  t.is((await running.ended).code, 130);
  t.true(await until(() => !sleeping()));
});

/** Returns the bytes of a context that a builder took, as it counts them. */
function transferred(stderr: string): number {
  const units: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6 };
  const [, amount = "", unit = ""] = /transferring context: ([\d.]+)(B|kB|MB)[^\n]* done/.exec(stderr) ?? [];
  return Number(amount) * (units[unit] ?? Number.NaN);
}

serial("of 20,000 files the one that was edited is sent", async (t) => {
  const context = suite.rig.context("many", { Dockerfile: "FROM scratch\nCOPY files /files\n" });
  for (let folder = 0; folder < 200; folder++) {
    mkdirSync(join(context, "files", String(folder)), { recursive: true });
    for (let file = 0; file < 100; file++)
      writeFileSync(join(context, "files", String(folder), String(file)), `${folder} ${file} `.repeat(40));
  }
  const output = ["-o", "type=cacheonly"];
  const first = await remotely(output, context);
  t.is(first.code, 0, first.stderr);
  const all = transferred(first.stderr);
  writeFileSync(join(context, "files", "7", "7"), "edited".repeat(100_000));
  const edited = await remotely(output, context);
  t.is(edited.code, 0, edited.stderr);
  writeFileSync(join(context, "files", "7", "7"), "edited once more");
  const again = await remotely(output, context);
  t.is(again.code, 0, again.stderr);
  // Names and dates of all files go each time.
  const names = transferred(again.stderr);
  t.true(all > 5_500_000, `${all} bytes`);
  t.true(names < 700_000, `${names} bytes`);
  const difference = transferred(edited.stderr) - names;
  t.true(difference > 590_000 && difference < 610_000, `${difference} bytes`);
});

serial("an agent is at hand in the steps that ask for it, and one that is not given fails the step", async (t) => {
  const context = suite.rig.context("agent", {
    Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN --mount=type=ssh,required test -S $SSH_AUTH_SOCK && echo found\n",
  });
  const agent = createServer((socket) => void socket.end());
  await new Promise<void>((resolve) => agent.listen(suite.rig.path("agent.sock"), resolve));
  t.teardown(() => agent.close());
  const found = await remotely(["--no-cache", "--ssh", `default=${suite.rig.path("agent.sock")}`, "-o", "type=cacheonly"], context);
  t.is(found.code, 0, found.stderr);
  t.regex(found.stderr, /\d found/);
  const lacking = await remotely(["--no-cache", "-o", "type=cacheonly"], context);
  t.is(lacking.code, 1);
  t.regex(lacking.stderr, /Dockerfile:3/);
});

serial("an image of the local store is a base, which the builder reads from here", async (t) => {
  const base = suite.rig.context("base", {
    Dockerfile: `ARG REGISTRY=none\nFROM $REGISTRY/busybox\nCOPY unique /unique\n`,
    unique: UNIQUE,
  });
  const made = await build(["-t", "own/base"], base);
  t.is(made.code, 0, made.stderr);
  const context = suite.rig.context("on-base", { Dockerfile: "FROM own/base\nRUN cat /unique /unique > /twice\n" });
  const there = await remotely(["-o", `type=local,dest=${suite.rig.path("on-base-out")}`], context);
  t.is(there.code, 0, there.stderr);
  t.is(readFileSync(suite.rig.path("on-base-out", "twice"), "utf8"), UNIQUE.repeat(2));
});

serial("a push sends the layers that the builder made; layers of the base are mounted from their repository", async (t) => {
  const context = suite.rig.context("pushed", {
    Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nCOPY unique /unique\n",
    unique: UNIQUE,
  });
  const name = `${suite.registry.host}/builder/pushed:1`;
  const store = { ...ENGINE, TSBUILD_ROOT: suite.rig.path("push-store") };
  const args = [
    "--builder",
    "docker://",
    "--build-arg",
    `REGISTRY=${suite.registry.host}`,
    "--progress=plain",
    "--metadata-file",
    suite.rig.path("pushed.json"),
  ];
  const { code, stderr } = await suite.rig.cli(["build", ...args, "--push", "-t", name, context], { env: store });
  t.is(code, 0, stderr);
  const manifest = async (image: string): Promise<readonly { readonly digest: string; readonly mediaType: string }[]> => {
    const accept = ["manifest.v1", "index.v1"].map((type) => `application/vnd.oci.image.${type}+json`).join(", ");
    const answer = await fetch(`http://${suite.registry.host}/v2/${image}`, { headers: { accept } });
    return ((await answer.json()) as { readonly layers: readonly { readonly digest: string; readonly mediaType: string }[] }).layers;
  };
  const [base] = await manifest("busybox/manifests/latest");
  const layers = await manifest("builder/pushed/manifests/1");
  t.is(layers[0]?.digest, base?.digest);
  t.deepEqual(
    layers.map(({ mediaType }) => mediaType),
    Array.from({ length: 2 }, () => "application/vnd.oci.image.layer.v1.tar+gzip"),
  );
  t.is((JSON.parse(readFileSync(suite.rig.path("pushed.json"), "utf8")) as Record<string, unknown>)["image.name"], name);
  // The base's layer was not needed here, and did not come.
  const blob = `v1/blobs/sha256/${base?.digest.replace("sha256:", "")}`;
  t.throws(() => statSync(suite.rig.path("push-store", blob)), { code: "ENOENT" });
});

serial("SOURCE_DATE_EPOCH dates the layers that the builder makes", async (t) => {
  const context = suite.rig.context("dated", { Dockerfile: "ARG REGISTRY=none\nFROM $REGISTRY/busybox\nRUN echo a > /a\n" });
  const { code, stderr } = await remotely(
    ["--build-arg", "SOURCE_DATE_EPOCH=1700000000", "-o", `type=oci,dest=${suite.rig.path("dated.tar")}`],
    context,
  );
  t.is(code, 0, stderr);
  const { created, history } = (await config(suite.rig.path("dated.tar"))) as Config & { readonly created: string };
  t.is(created, "2023-11-14T22:13:20Z".replace("Z", ".000Z"));
  t.is(history.length, 2);
});
