import test from "ava";
import { type Attestations, parseAttestations } from "../../../api/texts/attestations.js";

type Texts = Parameters<typeof parseAttestations>[0];

/** Values of the flags, and the options that they stand for. */
const READ: readonly (readonly [Texts, Attestations])[] = [
  [{}, {}],
  [{ provenance: "true" }, { provenance: {} }],
  [
    { provenance: "0", sbom: "false" },
    { provenance: false, sbom: false },
  ],
  [{ provenance: "disabled=true" }, { provenance: false }],
  [
    { provenance: "mode=max,version=v1,builder-id=https://ci/1,reproducible=true,inline-only=1,filename=p.json" },
    { provenance: { mode: "max", version: "v1", builderId: "https://ci/1", reproducible: true, inlineOnly: true, filename: "p.json" } },
  ],
  [{ attest: ["type=provenance,mode=min", "type=provenance,mode=max"], provenance: "false" }, { provenance: { mode: "min" } }],
  [{ attest: ["type=sbom,disabled=true"], sbom: "true" }, { sbom: false }],
  [{ sbom: "generator=a/b:1,LEVEL=9" }, { sbom: { generator: "a/b:1", parameters: { LEVEL: "9" } } }],
];

for (const [texts, expected] of READ) {
  test(`attestations: ${JSON.stringify(texts)}`, (t) => {
    t.deepEqual(parseAttestations(texts), expected);
  });
}

const REFUSED: readonly Texts[] = [
  { provenance: "yes" },
  { provenance: "mod=max" },
  { provenance: "version=v3" },
  { provenance: "reproducible=maybe" },
  { sbom: "disabled=maybe" },
  { attest: ["mode=max"] },
  { attest: ["type=scan"] },
  { attest: ['type="sbom'] },
];

for (const texts of REFUSED) {
  test(`attestations that are refused: ${JSON.stringify(texts)}`, (t) => {
    t.throws(() => parseAttestations(texts), { code: "cli/bad-value" });
  });
}
