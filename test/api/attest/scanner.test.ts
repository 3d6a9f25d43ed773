import test from "ava";
import { parseDigest } from "../../../core/digest.js";
import { scannedStatements, scannerStep } from "../../../api/attest/scanner.js";
import type { ResolvedImage } from "../../../frontend/frontend.js";
import type { ContainerConfig } from "../../../oci/types.js";
import { imageSource } from "../../../llb/sources/image.js";
import type { ExecOp } from "../../../llb/ops.js";
import { edge } from "../../../llb/vertex.js";

const DIGEST = parseDigest(`sha256:${"1".repeat(64)}`);

function scanner(config: ContainerConfig): ResolvedImage {
  return {
    ref: "scan:1",
    op: imageSource({ layout: false, ref: "docker.io/library/scan:1", digest: DIGEST }),
    digest: DIGEST,
    config: { architecture: "amd64", os: "linux", config, rootfs: { type: "layers", diff_ids: [] } },
    platform: { os: "linux", architecture: "amd64" },
  };
}

test("a scanner runs as its image says, with the image below it read-only and BuildKit's variables", (t) => {
  const image = scanner({ Entrypoint: ["/scan"], Cmd: ["-v"], Env: ["A=1", "BUILDKIT_SCAN_SOURCE=/etc"], User: "5", WorkingDir: "/w" });
  const edge = scannerStep(image, undefined, { generator: "scan:1", parameters: { LEVEL: "9" }, network: "none", platform: undefined });
  const { args, env, user, cwd, network, mounts } = edge.vertex.op as ExecOp;
  t.deepEqual([args, user, cwd, network], [["/scan", "-v"], "5", "/w", "none"]);
  t.deepEqual(env.slice(1), [
    "A=1",
    "BUILDKIT_SCAN_SOURCE=/run/src/core/sbom",
    "BUILDKIT_SCAN_DESTINATION=/run/out/",
    "BUILDKIT_SCAN_LEVEL=9",
  ]);
  t.deepEqual(mounts.at(-1), { type: "bind", selector: "/", dest: "/run/src/core/sbom", readonly: true, input: -1 });
});

test("a scanner finds what is scanned besides the image below one directory", (t) => {
  const root = edge({
    op: imageSource({ layout: false, ref: "docker.io/library/stage:1", digest: DIGEST }),
    metadata: { step: { kind: "internal", text: "stage" } },
  });
  const extras = [
    { name: "context", root: undefined },
    { name: "one", root },
  ];
  const made = scannerStep(scanner({ Cmd: ["/scan"] }), root, { generator: "scan:1", network: "none", platform: undefined, extras });
  const { env, mounts } = made.vertex.op as ExecOp;
  t.true(env.includes("BUILDKIT_SCAN_SOURCE_EXTRAS=/run/src/extras"));
  t.deepEqual(
    mounts.slice(2).map((mount) => [mount.dest, mount.readonly, mount.type === "bind" && mount.input]),
    [
      ["/run/src/core/sbom", true, 1],
      ["/run/src/extras/sbom-context", true, -1],
      ["/run/src/extras/sbom-one", true, 2],
    ],
  );
});

test("a scanner without a command is refused", (t) => {
  const options = { generator: "scan:1", network: "none", platform: undefined } as const;
  t.throws(() => scannerStep(scanner({}), undefined, options), { code: "build/scanner" });
});

const STATEMENT = { predicateType: "https://spdx.dev/Document", predicate: { spdxVersion: "SPDX-2.3" } };
const file = (name: string, value: unknown) => ({ name, bytes: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)) });

test("the statements of a scanner are its JSON files", (t) => {
  const found = scannedStatements("scan:1", [file("log.txt", "x"), file("sbom.spdx.json", { ...STATEMENT, subject: ["ignored"] })]);
  t.deepEqual(found, [{ ...STATEMENT, filename: "sbom.spdx.json" }]);
});

for (const [name, files] of Object.entries({
  "no file": [],
  "no JSON": [file("a.json", "{")],
  "no object": [file("a.json", null)],
  "no type": [file("a.json", { predicate: {} })],
  "no predicate": [file("a.json", { predicateType: "x" })],
})) {
  test(`what a scanner wrote is refused: ${name}`, (t) => {
    t.throws(() => scannedStatements("scan:1", files), { code: "build/scanner" });
  });
}
