import test from "ava";
import { layersOf } from "../../../cache/remote/content.js";
import { ghaSource, ghaTarget, hasActionsCache } from "../../../cache/remote/gha.js";
import { sendCache } from "../../../cache/remote/send.js";
import { sha256 } from "../../../core/digest.js";
import { A, conforms, CONTENT, outgoing } from "../../conformance/cache-backend.js";
import { actionsToken, startActionsCache } from "./fake-services.js";
import { signal, started } from "./rig.js";

const TOKEN = actionsToken([
  { Scope: "refs/heads/topic", Permission: 3 },
  { Scope: "refs/heads/main", Permission: 1 },
]);

for (const version of [1, 2] as const) {
  test(`GitHub Actions cache, version ${version}: conforms; keys as BuildKit has them`, async (t) => {
    const { service, http } = await started(t, startActionsCache(TOKEN));
    const options = { token: TOKEN, version, url: service.url, urlV2: `${service.url}/` };
    await conforms(t, () => ({ target: ghaTarget(options, http, {}), source: ghaSource(options, http, {}) }));
    const branch = sha256("refs/heads/topic").slice(7, 15);
    t.deepEqual(
      [...service.objects.keys()].filter((name) => name.startsWith("index")),
      [`index-buildkit-1-${branch}#1`, `index-buildkit-1-${branch}#2`],
    );
    t.true(service.objects.has(`buildkit-blob-1-${A.blob.digest}`));
    const other = { ...options, scope: "other" };
    t.is(await ghaSource(other, http, {}).load({ signal }), undefined);
  });
}

test("GitHub Actions cache: a branch reads its base's cache too", async (t) => {
  const base = actionsToken([{ Scope: "refs/heads/main", Permission: 3 }]);
  const { service, http } = await started(t, startActionsCache(TOKEN, base));
  const send = (token: string, at: number) => {
    const content = { results: CONTENT.results.slice(at, at + 1), mounts: [] };
    const digests = layersOf(content).map(({ blob }) => blob.digest);
    const blobs = outgoing(t, []).filter(({ descriptor }) => digests.includes(descriptor.digest));
    return sendCache(ghaTarget({ token, urlV2: service.url }, http, {}), content, blobs, { signal, progress: () => undefined });
  };
  const names = async (token: string) =>
    (await ghaSource({ token, urlV2: service.url }, http, {}).load({ signal }))?.results.map(({ name }) => name);
  await send(base, 0);
  t.deepEqual(await names(TOKEN), ["RUN a"]);
  await send(TOKEN, 1);
  t.deepEqual(await names(TOKEN), ["RUN b", "RUN a"]);
  t.deepEqual(await names(base), ["RUN a"]);
});

test("GitHub Actions cache: outside of Actions there is none; a token without branches and a time that is over are reported", async (t) => {
  t.false(hasActionsCache({}, {}));
  t.true(hasActionsCache({}, { ACTIONS_RUNTIME_TOKEN: TOKEN, ACTIONS_RESULTS_URL: "https://results" }));
  t.true(hasActionsCache({}, { ACTIONS_RUNTIME_TOKEN: TOKEN, ACTIONS_CACHE_URL: "https://cache" }));
  const { service, http } = await started(t, startActionsCache(TOKEN));
  t.like(
    t.throws(() => ghaSource({ token: "x.y.z", urlV2: service.url }, http, {})),
    { code: "cache/no-credentials" },
  );
  const late = ghaSource({ token: TOKEN, urlV2: service.url, timeout: 0 }, http, {});
  t.like(await t.throwsAsync(late.load({ signal })), { code: "cache/timeout" });
});
