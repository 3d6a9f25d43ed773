import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { exportStep } from "../../../api/debug/export-state.js";
import { importStep } from "../../../api/debug/import-state.js";
import { openStore } from "../../../cache/open-store.js";
import { sha256 } from "../../../core/digest.js";
import { ociTar } from "../../../exporters/oci-tar.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { failedSteps, type FailedStep } from "../../../solver/ops/failed-step.js";
import { exportContext, exportRequest, tarOf, testImage, testStore } from "../../support/images/images.js";

// An exported step is an image with a description, and may come from anybody.

const GOOD = {
  version: 1,
  name: "[2/2] RUN make",
  ended: false,
  network: "default",
  mounts: ["/c"],
  secrets: [{ type: "secret", dest: "/run/secrets/t", readonly: true, id: "t", uid: 0, gid: 0, mode: 0o400, optional: true }],
  secretEnv: [{ id: "t", name: "T", optional: true }],
};

async function withFile(document: string | undefined, body: (file: string, root: string) => Promise<void>, images = 1): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-import-"));
  const { store, close } = testStore();
  try {
    const tar = tarOf([{ name: "made", text: "made\n" }]);
    const { digest, size } = store.blobs.writeSmall(tar);
    const layer = {
      diffId: sha256(tar),
      blob: { mediaType: mediaTypes.ociLayer, digest, size },
      toc: () => Promise.reject(new Error("not read")),
    };
    const platforms = ["linux/amd64", "linux/arm64"].slice(0, images);
    const request = exportRequest(
      platforms.map((platform) => testImage([layer], platform)),
      [],
    );
    const annotations =
      document === undefined ? [] : [{ level: "manifest", platform: undefined, key: "tsbuild.step", value: document } as const];
    await ociTar({ dest: join(root, "state.tar") }).export({ ...request, annotations }, exportContext(store));
    await body(join(root, "state.tar"), join(root, "store"));
  } finally {
    close();
    rmSync(root, { recursive: true, force: true });
  }
}

function kept(root: string): readonly FailedStep[] {
  const store = openStore({ root });
  try {
    return failedSteps(store.memo);
  } finally {
    store.close();
  }
}

const [secret] = GOOD.secrets;
const BAD: readonly (readonly [what: string, document: unknown])[] = [
  ["no description", undefined],
  ["no JSON", "{"],
  ["another version", { ...GOOD, version: 2 }],
  ["no name", { ...GOOD, name: 1 }],
  ["a network that joins others", { ...GOOD, network: "container:x" }],
  ["a line more in the hosts file", { ...GOOD, extraHosts: [{ host: "a\n1.2.3.4 registry", ip: "1.2.3.4" }] }],
  ["an address that is none", { ...GOOD, extraHosts: [{ host: "a", ip: "1.2.3.4 b" }] }],
  ["a host name of two words", { ...GOOD, hostname: "a b" }],
  ["a secret at the root", { ...GOOD, secrets: [{ ...secret, dest: "/" }] }],
  ["a secret outside of the root", { ...GOOD, secrets: [{ ...secret, dest: "/run/../../etc" }] }],
  ["a mount of this machine", { ...GOOD, secrets: [{ ...secret, type: "bind", source: "/" }] }],
  ["an id that is none", { ...GOOD, secrets: [{ ...secret, uid: 2 ** 32 - 1 }] }],
  ["a variable that sets another one", { ...GOOD, secretEnv: [{ id: "t", name: "A=B", optional: true }] }],
  ["a limit that is none", { ...GOOD, ulimits: [{ name: "no file", soft: 1, hard: 1 }] }],
  ["too many secrets", { ...GOOD, secrets: Array.from({ length: 1001 }, () => secret) }],
  ["a long description", { ...GOOD, name: "x".repeat(9000) }],
  ["a huge description", { ...GOOD, mounts: ["x".repeat(1 << 20)] }],
];

for (const [what, document] of BAD)
  test(`import: a file is refused with ${what}`, (t) =>
    withFile(typeof document === "object" ? JSON.stringify(document) : (document as string | undefined), async (file, root) => {
      await t.throwsAsync(importStep(file, { root }), { code: "debug/bad-state" });
      t.deepEqual(kept(root), []);
    }));

test("import: images for two platforms are no step", (t) =>
  withFile(
    JSON.stringify(GOOD),
    async (file, root) => void (await t.throwsAsync(importStep(file, { root }), { code: "debug/bad-state" })),
    2,
  ));

test("import: a step never gets the host's network, rights or mounts, and is exported as it came", (t) =>
  withFile(JSON.stringify({ ...GOOD, network: "host", security: "insecure", limits: { strict: true } }), async (file, root) => {
    const step = await importStep(file, { root });
    t.like(step, { name: GOOD.name, command: ["/hello"], missing: ["/c"] });
    t.regex(step.build, /^imported-[0-9a-f]{8}$/);
    const [found] = kept(root);
    t.like(found, {
      name: GOOD.name,
      build: step.build,
      op: { network: "default", security: "sandbox" },
      mounts: [],
      secrets: [secret as object],
    });
    t.is(found?.limits, undefined);
    const again = `${file}.again`;
    t.is((await exportStep({ root, dest: again, build: step.build })).name, GOOD.name);
    await importStep(again, { root });
    t.is(kept(root).length, 2);
    await importStep(again, { root });
    t.is(kept(root).length, 2, "the same file takes one slot");
  }));
