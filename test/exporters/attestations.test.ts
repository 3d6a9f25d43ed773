import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { parseAnnotations } from "../../exporters/annotations.js";
import { assembleImage, entriesOf } from "../../exporters/assemble-image.js";
import type { ExportImage } from "../../exporters/exporter.js";
import { localDirectory } from "../../exporters/local-dir.js";
import { rootfsTar } from "../../exporters/rootfs-tar.js";
import { mediaTypes } from "../../oci/media-types.js";
import { imagePurl } from "../../oci/purl.js";
import { exportRequest, testImage, testLayer } from "../support/images/images.js";
import { json, list, NAMES, rig, run, stacked } from "./export-rig.js";

const PROVENANCE = { predicateType: "https://slsa.dev/provenance/v1", predicate: { of: "the build" }, filename: "provenance.json" };
const SBOM = { predicateType: "https://spdx.dev/Document", predicate: { spdxVersion: "SPDX-2.3" }, filename: "sbom.spdx.json" };

const attested = (image: ExportImage): ExportImage => ({ ...image, attestations: [SBOM, PROVENANCE] });

test("an image with attestations is an index, which has a manifest of statements for each image", (t) => {
  const { store } = rig(t);
  const plain = stacked(store);
  const made = assembleImage([attested(plain)], "docker", parseAnnotations({ "index:k": "v" }), NAMES);
  const index = json(made.documents.get(made.target.digest));
  t.is(index.mediaType, mediaTypes.ociIndex);
  t.deepEqual(index.annotations, { k: "v" });
  const [image, statements] = index.manifests;
  t.deepEqual(
    [image, statements].map(({ digest }) => digest),
    entriesOf(made).map(({ digest }) => digest),
  );
  t.is(image.digest, assembleImage([plain], "oci").target.digest);
  t.deepEqual(statements.annotations, {
    "vnd.docker.reference.digest": image.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  });
  t.deepEqual(statements.platform, { architecture: "unknown", os: "unknown" });
  const { config, layers } = json(made.documents.get(statements.digest));
  t.deepEqual(
    layers.map(({ annotations, mediaType }: { annotations: object; mediaType: string }) => [annotations, mediaType]),
    [SBOM, PROVENANCE].map(({ predicateType }) => [{ "in-toto.io/predicate-type": predicateType }, "application/vnd.in-toto+json"]),
  );
  t.deepEqual(json(made.documents.get(config.digest)).rootfs, {
    type: "layers",
    diff_ids: layers.map(({ digest }: { digest: string }) => digest),
  });
  t.deepEqual(json(made.documents.get(layers[1].digest)), {
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: PROVENANCE.predicateType,
    subject: ["pkg:docker/app@1?platform=linux%2Famd64", "pkg:docker/ghcr.io/a/b@two?platform=linux%2Famd64"].map((name) => ({
      name,
      digest: { sha256: image.digest.slice("sha256:".length) },
    })),
    predicate: PROVENANCE.predicate,
  });
});

const PURLS: readonly (readonly [string, string])[] = [
  ["alpine", "pkg:docker/alpine@latest?platform=linux%2Farm64"],
  ["docker.io/library/alpine:3", "pkg:docker/alpine@3?platform=linux%2Farm64"],
  ["a/b:1", "pkg:docker/a/b@1?platform=linux%2Farm64"],
  ["localhost:5000/a", "pkg:docker/localhost:5000/a@latest?platform=linux%2Farm64"],
  [`a/b@sha256:${"0".repeat(64)}`, `pkg:docker/a/b?digest=sha256:${"0".repeat(64)}&platform=linux%2Farm64`],
];

test("an image's package URL is what docker calls it", (t) => {
  t.deepEqual(
    PURLS.map(([name]) => imagePurl(name, "linux/arm64")),
    PURLS.map(([, purl]) => purl),
  );
});

test("exported files have the attestations about them beside them, and are their subjects", async (t) => {
  const { store, dir } = rig(t);
  const image = attested(
    testImage([
      testLayer(store, [
        { name: "a", type: "dir" },
        { name: "a/f", text: "hi\n" },
      ]),
    ]),
  );
  const dest = join(dir, "out");
  await run(localDirectory({ dest }), exportRequest([image]), store);
  const statement = json(readFileSync(join(dest, "provenance.json")));
  t.is(statement.predicateType, PROVENANCE.predicateType);
  t.deepEqual(statement.subject, [{ name: "a/f", digest: { sha256: "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4" } }]);
  t.is(statSync(join(dest, "sbom.spdx.json")).mode & 0o777, 0o600);
  const archive = join(dir, "out.tar");
  const other = { ...image, platform: { os: "linux", architecture: "arm64" } };
  await run(rootfsTar({ dest: archive, attestationPrefix: "x-" }), exportRequest([image, other]), store);
  const { files } = list(readFileSync(archive));
  t.deepEqual(
    [...files.keys()].filter((name) => name.endsWith(".json")),
    ["amd64", "arm64"].flatMap((name) => [`linux_${name}/x-sbom.spdx.json`, `linux_${name}/x-provenance.json`]),
  );
});

test("platforms that share a folder have attestations of their own names", async (t) => {
  const { store, dir } = rig(t);
  const images = ["amd64", "arm64"].map((architecture) => ({
    ...attested(testImage([testLayer(store, [{ name: architecture, text: architecture }])])),
    platform: { os: "linux", architecture },
  }));
  const dest = join(dir, "out");
  await run(localDirectory({ dest, platformSplit: false }), exportRequest(images), store);
  for (const name of ["provenance.linux_amd64.json", "sbom.linux_arm64.spdx.json"]) t.true(existsSync(join(dest, name)), name);
});

test("a file of the image is never taken for an attestation, or replaced by one", async (t) => {
  const { store, dir } = rig(t);
  const image = attested(testImage([testLayer(store, [{ name: "provenance.json", text: "of the image" }])]));
  for (const exporter of [localDirectory({ dest: join(dir, "out") }), rootfsTar({ dest: join(dir, "out.tar") })]) {
    await t.throwsAsync(run(exporter, exportRequest([image]), store), { code: "export/name-collision" });
  }
  t.false(existsSync(join(dir, "out")));
  t.false(existsSync(join(dir, "out.tar")));
});
