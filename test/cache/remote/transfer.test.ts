import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { CacheSource, CacheTarget } from "../../../cache/remote/backend.js";
import { layersOf, type TransferContent } from "../../../cache/remote/content.js";
import { localSource, localTarget } from "../../../cache/remote/local-directory.js";
import { cacheDocuments } from "../../../cache/remote/manifest.js";
import { registrySource, registryTarget } from "../../../cache/remote/registry.js";
import { sendCache } from "../../../cache/remote/send.js";
import { sha256 } from "../../../core/digest.js";
import { createRegistryClient } from "../../../oci/registry/client.js";
import { hasRegistry, startRegistry } from "../../support/servers/registry.js";
import { temporaryRoot } from "../support.js";
import { B, conforms, CONTENT, outgoing } from "../../conformance/cache-backend.js";
import { notInstalled, requires } from "../../support/requires.js";
import { signal } from "./rig.js";

for (const form of [
  { imageManifest: true, oci: true },
  { imageManifest: false, oci: true },
  { imageManifest: false, oci: false },
]) {
  test(`local directory: conforms (${JSON.stringify(form)})`, async (t) => {
    const directory = join(temporaryRoot(t.teardown), "cache");
    await conforms(t, () => ({ target: localTarget({ dest: directory, form }), source: localSource({ src: directory }) }));
  });
}

test("local directory: tags beside each other, a digest instead of a tag, reset", async (t) => {
  const directory = join(temporaryRoot(t.teardown), "cache");
  const form = { imageManifest: true, oci: true };
  const part = (from: number, to: number): TransferContent => ({ results: CONTENT.results.slice(from, to), mounts: [] });
  const send = (tag: string, content: TransferContent, reset = false) =>
    sendCache(
      localTarget({ dest: directory, tag, form, reset }),
      content,
      outgoing(t, []).filter(({ descriptor }) => layersOf(content).some(({ blob }) => blob.digest === descriptor.digest)),
      { signal, progress: () => undefined },
    );
  await send("one", part(0, 1));
  await send("two", part(1, 2));
  const names = async (source: CacheSource) => (await source.load({ signal }))?.results.map(({ name }) => name);
  t.deepEqual(await names(localSource({ src: directory, tag: "one" })), ["RUN a"]);
  t.deepEqual(await names(localSource({ src: directory, tag: "two" })), ["RUN b"]);
  t.is(await names(localSource({ src: directory })), undefined);
  const { manifest } = cacheDocuments(part(0, 1), form);
  t.deepEqual(await names(localSource({ src: directory, digest: manifest.descriptor.digest })), ["RUN a"]);
  await t.throwsAsync(localSource({ src: directory, digest: sha256("?") }).load({ signal }), { message: /it is not there/ });
  await send("two", part(2, 3), true);
  t.deepEqual(await names(localSource({ src: directory, tag: "one" })), ["RUN a"]);
  // Two manifests, two configs, layers a and c; layer b went.
  t.is(readdirSync(join(directory, "blobs/sha256")).length, 6);
});

test("local directory: other directories are left alone", async (t) => {
  const directory = temporaryRoot(t.teardown);
  writeFileSync(join(directory, "notes"), "mine");
  const target = localTarget({ dest: directory, form: { imageManifest: true, oci: true } });
  t.like(await t.throwsAsync(target.finish(CONTENT, { signal })), { code: "export/not-a-layout" });
  t.deepEqual(readdirSync(directory), ["notes"]);
});

requires(hasRegistry ? undefined : notInstalled("docker-registry"))("registry: conforms, in every form", async (t) => {
  const registry = await startRegistry();
  const client = createRegistryClient({ env: {} });
  t.teardown(async () => {
    client.close();
    await registry.stop();
  });
  let number = 0;
  for (const form of [
    { imageManifest: true, oci: true },
    { imageManifest: false, oci: false },
  ]) {
    const ref = `${registry.host}/cache-${++number}`;
    await conforms(t, () => ({ target: registryTarget(ref, form, async () => client), source: registrySource(ref, async () => client) }));
  }
});

test("sending: the first failure stops the rest and nothing becomes visible", async (t) => {
  const finished: string[] = [];
  const target: CacheTarget = {
    name: "fake",
    put: async ({ descriptor }, { signal: until }) => {
      if (descriptor.digest === B.blob.digest) throw new Error("full");
      await new Promise((resolve) => until.addEventListener("abort", resolve, { once: true }));
    },
    finish: async () => void finished.push("finished"),
  };
  await t.throwsAsync(sendCache(target, CONTENT, outgoing(t, []), { signal, progress: () => undefined }), { message: "full" });
  t.deepEqual(finished, []);
});

test("a layout directory that vanished is no cache", async (t) => {
  const directory = join(temporaryRoot(t.teardown), "cache");
  mkdirSync(directory);
  const source = localSource({ src: directory });
  t.is(await source.load({ signal }), undefined);
  rmSync(directory, { recursive: true });
  t.is(await source.load({ signal }), undefined);
});
