import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { ImageResolver, type ImageResolverOptions } from "../../../api/sources/image-resolver.js";
import { openStore } from "../../../cache/open-store.js";
import { TsbuildError } from "../../../core/errors.js";
import { hostPlatform } from "../../../oci/platform.js";
import { removeTree } from "../../support/remove-tree.js";

/** Counts the requests to the registry for an image that the store does not have. */
async function asked(pull: ImageResolverOptions["pull"]): Promise<{ readonly asked: number; readonly error: TsbuildError }> {
  const root = mkdtempSync(join(tmpdir(), "resolver-"));
  const store = openStore({ root });
  let count = 0;
  const registry = (): Promise<never> => {
    count++;
    return Promise.reject(new TsbuildError("registry/unreachable", "no"));
  };
  const resolver = new ImageResolver({ store, registry, pull, signal: new AbortController().signal, onStale: () => undefined });
  try {
    return await resolver.resolve("app", { platform: hostPlatform() }).then(
      () => Promise.reject(new Error("internal: there is no such image")),
      (error: TsbuildError) => ({ asked: count, error }),
    );
  } finally {
    store.close();
    removeTree(root);
  }
}

test("a registry is asked for what the store has not, and never with pull: never", async (t) => {
  for (const pull of [true, false]) {
    const outcome = await asked(pull);
    t.deepEqual([outcome.asked, outcome.error.code], [1, "registry/unreachable"]);
  }
  const never = await asked("never");
  t.deepEqual([never.asked, never.error.code], [0, "image/not-local"]);
  t.regex(never.error.hint ?? "", /tsbuild pull app:latest /);
});
