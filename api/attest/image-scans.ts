import type { Attestation } from "../../exporters/exporter.js";
import type { FrontendResult, ResolvedImage, ScanTarget } from "../../frontend/frontend.js";
import type { ExecOp } from "../../llb/ops.js";
import type { Rootfs } from "../../llb/vertex.js";
import { formatPlatform, hostPlatform, type Platform } from "../../oci/platform.js";
import type { StepResult } from "../../solver/result.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { isScanned, packagesIn } from "./scan-packages.js";
import { DESTINATION, MOST, type ScannedFile, scannedStatements, scannerStep } from "./scanner.js";
import { packagesStatement } from "./spdx.js";

/** Reads files below a directory of a result: those that `wanted` takes, by their paths there. */
export type ReadFiles = (
  result: StepResult,
  directory: string,
  wanted: (path: string, size: number) => boolean,
) => Promise<readonly ScannedFile[]>;

/** Filesystems that are solved beside the images, for the statements about their packages. */
export interface ImageScans {
  readonly roots: readonly Rootfs[];
  /**
   * Returns the statements about each image that come from the solved `roots`. `epoch` dates them,
   * in milliseconds.
   */
  statements(results: readonly StepResult[], read: ReadFiles, epoch: number | undefined): Promise<readonly (readonly Attestation[])[]>;
}

/** Parts of a build that scans need. */
interface ScanParts {
  readonly sbom: NonNullable<ResolvedBuildOptions["sbom"]>;
  readonly network: ExecOp["network"];
  readonly resolveImage: (ref: string, options: { readonly platform: Platform }) => Promise<ResolvedImage>;
}

/**
 * Returns the scans of a build. A scanner's image runs once for each platform. The scanner of our
 * own reads the finished image elsewhere; here it reads what the Dockerfile adds to it.
 */
export async function imageScans(compiled: readonly FrontendResult[], { sbom, network, resolveImage }: ScanParts): Promise<ImageScans> {
  if (sbom.generator === undefined) return ownScans(compiled.map(({ scanTargets }) => scanTargets));
  const { generator, parameters } = sbom;
  return scannerRuns(generator, await scannerSteps(compiled, { generator, parameters, network, resolveImage }));
}

interface ScannerOptions extends Pick<ScanParts, "network" | "resolveImage"> {
  readonly generator: string;
  readonly parameters: Readonly<Record<string, string>> | undefined;
}

async function scannerSteps(
  compiled: readonly FrontendResult[],
  { generator, parameters, network, resolveImage }: ScannerOptions,
): Promise<readonly Rootfs[]> {
  const image = await resolveImage(generator, { platform: hostPlatform() });
  return compiled.map(({ rootfs, platform, scanTargets }) =>
    scannerStep(image, rootfs, {
      generator,
      network,
      extras: scanTargets,
      platform: compiled.length > 1 ? formatPlatform(platform) : undefined,
      ...(parameters && { parameters }),
    }),
  );
}

function scannerRuns(generator: string, roots: readonly Rootfs[]): ImageScans {
  return {
    roots,
    statements: (results, read) =>
      inOrder(results, async (result) => {
        const files = await read(result, DESTINATION.slice(1), (path, size) => !path.includes("/") && size <= MOST);
        return scannedStatements(generator, files);
      }),
  };
}

/** Returns scans by our own scanner of what an SBOM covers besides each image. */
function ownScans(extras: readonly (readonly ScanTarget[])[]): ImageScans {
  const solved = extras.map((targets) => targets.filter(({ root }) => root !== undefined));
  return {
    roots: solved.flatMap((targets) => targets.map(({ root }) => root)),
    statements: (results, read, epoch) => {
      const rest = [...results];
      return inOrder(solved, (targets) =>
        inOrder(targets, async ({ name }) => {
          const files = await read(rest.shift() as StepResult, "", isScanned);
          const texts = new Map(files.map((file) => [file.name, Buffer.from(file.bytes).toString("utf8")]));
          return packagesStatement(packagesIn(texts), { name, filename: `sbom-${name}.spdx.json`, epoch });
        }),
      );
    },
  };
}

/** Returns what `make` gives for each item, one after the other: a scan holds many texts. */
async function inOrder<T, U>(items: readonly T[], make: (item: T) => Promise<U>): Promise<readonly U[]> {
  const made: U[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}
