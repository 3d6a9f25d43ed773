import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { combineImages } from "../../../api/image-store/combine-images.js";
import { openImageStore } from "../../../api/image-store/image-store.js";
import { inspectRemote } from "../../../api/image-store/remote-image.js";
import { openStore } from "../../../cache/open-store.js";
import type { Digest } from "../../../core/digest.js";
import { imageStore } from "../../../exporters/image-store.js";
import { createRegistryClient, type RegistryClient } from "../../../oci/registry/client.js";
import type { Index } from "../../../oci/types.js";
import { exportContext, exportRequest, temporaryDirectory, testImage, testLayer } from "../../support/images/images.js";
import { runRig } from "../../support/rigs/cli-rig.js";
import { hasRegistry, type RealRegistry, startRegistry } from "../../support/servers/registry.js";
import { notInstalled, requires } from "../../support/requires.js";

// imagetools and manifest, the commands and the library below them, against a real registry.

let registry: RealRegistry;
let client: RegistryClient;
const configs = temporaryDirectory();
test.before(async () => {
  if (!hasRegistry) return;
  registry = await startRegistry();
  client = createRegistryClient({ env: {}, credentials: { find: () => Promise.resolve(undefined) } });
});
test.after.always(async () => {
  client?.close();
  configs.remove();
  await registry?.stop();
});
const real = requires(hasRegistry ? undefined : notInstalled("docker-registry"));

/** Pushes an image for each platform under a tag of its own, and returns their digests. */
async function pushed(t: ExecutionContext, repository: string, platforms: readonly string[]): Promise<readonly Digest[]> {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const root = join(directory.path, "store");
  const store = openStore({ root });
  t.teardown(() => store.close());
  const api = await openImageStore({ root });
  t.teardown(() => api.close());
  const digests: Digest[] = [];
  for (const platform of platforms) {
    const name = `${registry.host}/${repository}:${platform.replaceAll("/", "-")}`;
    const image = testImage([testLayer(store, [{ name: "own", text: platform }])], platform);
    await imageStore(store).export(exportRequest([image], [name]), exportContext(store));
    digests.push((await api.push(name))[0]?.descriptor.digest as Digest);
  }
  return digests;
}

const run = (line: string) =>
  runRig(line.replaceAll("REG", registry.host).split(" "), { env: { DOCKER_CONFIG: configs.path }, registries: true });

async function indexOf(name: string): Promise<Index> {
  return JSON.parse((await client.manifest(`${registry.host}/${name}`)).bytes.toString()) as Index;
}

real("imagetools create: platforms from several runners become one index, in another repository with all they need", async (t) => {
  const [amd, arm] = await pushed(t, "parts", ["linux/amd64", "linux/arm64"]);
  const dry = await run("buildx imagetools create --dry-run -t REG/all:1 REG/parts:linux-amd64 REG/parts:linux-arm64");
  t.is(dry.code, 0, dry.stderr);
  await t.throwsAsync(client.resolve(`${registry.host}/all:1`), { code: "registry/not-found" });
  const made = await run("imagetools create -t REG/all:1 -t REG/parts:all REG/parts:linux-amd64 REG/parts@" + String(arm));
  t.is(made.code, 0, made.stderr);
  const index = await indexOf("all:1");
  t.deepEqual(JSON.parse(dry.stdout), index);
  t.deepEqual(
    index.manifests.map(({ digest, platform }) => [digest, platform?.architecture]),
    [
      [amd, "amd64"],
      [arm, "arm64"],
    ],
  );
  t.is((await client.resolve(`${registry.host}/parts:all`)).digest, (await client.resolve(`${registry.host}/all:1`)).digest);
  // Everything is at the other repository: a pull of it works.
  t.true(
    await client.hasBlob(
      `${registry.host}/all`,
      JSON.parse((await client.manifest(`${registry.host}/all`, arm)).bytes.toString()).layers[0].digest,
    ),
  );
});

real("imagetools create: annotations, a filter of platforms, append, a copy, descriptors from files", async (t) => {
  const [, arm] = await pushed(t, "more", ["linux/amd64", "linux/arm64"]);
  await run("imagetools create -t REG/more:one REG/more:linux-amd64");
  t.is((await indexOf("more:one")).manifests.length, 1);
  const appended = await run(
    "imagetools create --append --annotation index:a=b --annotation manifest-descriptor:c=d -t REG/more:one REG/more:linux-arm64",
  );
  t.is(appended.code, 0, appended.stderr);
  const index = await indexOf("more:one");
  t.deepEqual(index.annotations, { a: "b" });
  t.deepEqual(
    index.manifests.map(({ annotations, platform }) => [annotations, platform?.architecture]),
    [
      [{ c: "d" }, "amd64"],
      [{ c: "d" }, "arm64"],
    ],
  );
  await run("imagetools create -p linux/arm64 -t REG/more:arm REG/more:one");
  t.deepEqual(
    (await indexOf("more:arm")).manifests.map(({ digest }) => digest),
    [arm],
  );
  const none = await run("imagetools create -p linux/s390x -t REG/more:z REG/more:one");
  t.regex(none.stderr, /error\[image\/no-platform\]: Cannot keep linux\/s390x: the images are for linux\/amd64, linux\/arm64/);
  await run("imagetools create --prefer-index=false -t REG/more:copy REG/more:linux-arm64");
  t.is((await client.resolve(`${registry.host}/more:copy`)).digest, arm as Digest);
  const descriptor = JSON.stringify({ digest: arm, platform: { os: "linux", architecture: "arm64", variant: "v8" } });
  const piped = await runRig(["imagetools", "create", "-f", "-", "-t", `${registry.host}/more:file`], {
    stdin: descriptor,
    registries: true,
  });
  t.is(piped.code, 0, piped.stderr);
  t.is((await indexOf("more:file")).manifests[0]?.platform?.variant, "v8");
});

real("imagetools inspect: the page, the bytes, a template, JSON", async (t) => {
  const [amd] = await pushed(t, "shown", ["linux/amd64"]);
  await run("imagetools create -t REG/shown:1 REG/shown:linux-amd64");
  const { digest } = await client.resolve(`${registry.host}/shown:1`);
  const page = await run("buildx imagetools inspect REG/shown:1");
  t.is(
    page.stdout.replaceAll(registry.host, "REG"),
    `Name:      REG/shown:1\nMediaType: application/vnd.oci.image.index.v1+json\nDigest:    ${digest}\n\nManifests:\n` +
      `  Name:      REG/shown:1@${amd}\n  MediaType: application/vnd.oci.image.manifest.v1+json\n  Platform:  linux/amd64\n`,
  );
  t.is((await run("imagetools inspect --raw REG/shown:1")).stdout, (await client.manifest(`${registry.host}/shown:1`)).bytes.toString());
  const template = await runRig(
    [
      "imagetools",
      "inspect",
      "--format",
      "{{.Manifest.Digest}}{{range $p, $i := .Image}}{{$p}}={{$i.os}}{{end}} {{json .SBOM}}",
      `${registry.host}/shown:1`,
    ],
    { registries: true },
  );
  t.is(template.stdout, "<no value>linux/amd64=linux {}\n");
  const image = JSON.parse((await run("imagetools inspect --format json REG/shown:linux-amd64")).stdout) as {
    readonly Image: { readonly os: string };
  };
  t.is(image.Image.os, "linux");
});

real("manifest: create, annotate, inspect, push and rm", async (t) => {
  await pushed(t, "lists", ["linux/amd64", "linux/arm"]);
  const list = "REG/lists:all";
  t.is(
    (await run(`manifest create ${list} REG/lists:linux-amd64 REG/lists:linux-arm`)).stdout,
    `Created manifest list ${registry.host}/lists:all\n`,
  );
  t.regex((await run(`manifest create ${list} REG/lists:linux-arm`)).stderr, /it is there\nhint: --amend adds to it/);
  t.is((await run(`manifest annotate --variant v6 --os-features a,b ${list} REG/lists:linux-arm`)).code, 0);
  t.regex((await run(`manifest annotate --arch x ${list} REG/lists:linux-arn`)).stderr, /did you mean "127.*linux-arm"/);
  const shown = JSON.parse((await run(`manifest inspect ${list}`)).stdout) as Index;
  const sent = await run(`manifest push --purge ${list}`);
  t.is(sent.code, 0, sent.stderr);
  t.is(sent.stdout.trim(), (await client.resolve(`${registry.host}/lists:all`)).digest);
  const index = await indexOf("lists:all");
  t.deepEqual(index, shown);
  t.deepEqual(
    index.manifests.map(({ platform }) => platform),
    [
      { architecture: "amd64", os: "linux" },
      { architecture: "arm", os: "linux", "os.features": ["a", "b"], variant: "v6" },
    ],
  );
  // The list went: it is the registry's now.
  t.deepEqual(JSON.parse((await run(`manifest inspect ${list}`)).stdout), index);
  t.regex((await run(`manifest push ${list}`)).stderr, /Cannot find the list/);
  t.regex((await run(`manifest inspect -v REG/lists:linux-amd64`)).stdout, /"Ref": .*\n.*"Descriptor"/);
  t.is((await run(`manifest create ${list} REG/lists:linux-arm`)).code, 0);
  t.is((await run(`manifest rm ${list}`)).code, 0);
  t.is((await run(`manifest rm ${list}`)).code, 2);
});

test("certificates that are none are refused before a registry is asked", async (t) => {
  const ca = [join(configs.path, "none.pem")];
  const refused = { code: "options/invalid" };
  await t.throwsAsync(combineImages({ sources: [], tags: ["127.0.0.1:1/a"], ca }), refused);
  await t.throwsAsync(
    inspectRemote("127.0.0.1:1/a", { ca }, () => Promise.resolve()),
    refused,
  );
  await t.throwsAsync(openImageStore({ root: join(configs.path, "store"), ca }), refused);
});
