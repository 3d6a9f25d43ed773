import { type Canonical, canonicalJson } from "../../core/canonical.js";
import { sha256 } from "../../core/digest.js";
import { packageVersion } from "../../core/package-root.js";
import type { Attestation } from "../../exporters/exporter.js";

const SPDX_TYPE = "https://spdx.dev/Document";

/** A package that a list of packages in an image names. */
export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  /** Package URL. */
  readonly purl: string;
  /** License in the list's words. */
  readonly license?: string;
  /** Path of the list. */
  readonly from: string;
}

interface StatementOptions {
  /** Name of the thing that has the packages. */
  readonly name: string;
  readonly filename: string;
  /** Milliseconds since the epoch that date the statement; undefined for now. */
  readonly epoch: number | undefined;
}

/** Returns the statement that lists packages, by tsbuild. */
export function packagesStatement(found: readonly FoundPackage[], { name, filename, epoch }: StatementOptions): Attestation {
  const predicate = spdxDocument(name, found, { created: new Date(epoch ?? Date.now()), tool: `tsbuild-${packageVersion()}` });
  return { predicateType: SPDX_TYPE, predicate, filename };
}

/**
 * Returns a document of SPDX 2.3 that lists packages. The same packages have the same document but
 * for its time.
 */
export function spdxDocument(
  name: string,
  found: readonly FoundPackage[],
  { created, tool }: { readonly created: Date; readonly tool: string },
): Readonly<Record<string, unknown>> {
  const packages = [...new Map(found.map((one) => [`${one.purl} ${one.from}`, one])).values()].sort((a, b) =>
    `${a.purl} ${a.from}` < `${b.purl} ${b.from}` ? -1 : 1,
  );
  const identity = sha256(canonicalJson(packages as unknown as Canonical)).replace("sha256:", "");
  const root = "SPDXRef-DocumentRoot-image";
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `urn:sbom:${identity}`,
    creationInfo: { created: created.toISOString().replace(/\.\d+Z$/, "Z"), creators: [`Tool: ${tool}`] },
    packages: [
      { ...UNKNOWN, name, SPDXID: root, primaryPackagePurpose: "CONTAINER" },
      ...packages.map((one, index) => ({
        ...UNKNOWN,
        name: one.name,
        SPDXID: idOf(index),
        versionInfo: one.version,
        sourceInfo: `read from /${one.from}`,
        ...(one.license && { licenseComments: one.license }),
        externalRefs: [{ referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: one.purl }],
      })),
    ],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relatedSpdxElement: root, relationshipType: "DESCRIBES" },
      ...packages.map((_, index) => ({ spdxElementId: root, relatedSpdxElement: idOf(index), relationshipType: "CONTAINS" })),
    ],
  };
}

/**
 * Members that say nothing. Note that the license of a list is only a comment, because lists write
 * licenses in words that SPDX does not have.
 */
const UNKNOWN = {
  downloadLocation: "NOASSERTION",
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  licenseDeclared: "NOASSERTION",
  copyrightText: "NOASSERTION",
} as const;

function idOf(index: number): string {
  return `SPDXRef-Package-${index + 1}`;
}
