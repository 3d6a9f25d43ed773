import type { StepInfo } from "../../core/step.js";
import type { Attestation } from "../../exporters/exporter.js";
import type { ResolvedImage, ScanTarget } from "../../frontend/frontend.js";
import type { ExecOp, Mount } from "../../llb/ops.js";
import { type Edge, edge, type Rootfs } from "../../llb/vertex.js";
import { formatPlatform } from "../../oci/platform.js";
import { badScan, noScan, scannerWithoutCommand } from "./errors.js";

/** Directories of BuildKit's protocol for scanners. */
const SOURCE = "/run/src/core/sbom";
const EXTRAS = "/run/src/extras";
export const DESTINATION = "/run/out";

/** Bytes of a statement that count at most; BuildKit's limit. */
export const MOST = 40 * 2 ** 20;

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

interface Scan {
  readonly generator: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly network: ExecOp["network"];
  /** Filesystems that are scanned besides the image. */
  readonly extras?: readonly ScanTarget[];
  /** Platform of the image that is scanned, where several are built. */
  readonly platform: string | undefined;
}

/**
 * Returns the step that runs a scanner on an image and on the filesystems beside it. Their files
 * are mounted read-only; the scanner writes its statements to a directory of its own root.
 */
export function scannerStep(
  image: ResolvedImage,
  target: Rootfs,
  { generator, parameters = {}, network, platform, extras = [] }: Scan,
): Edge {
  const { Entrypoint, Cmd, Env = [], WorkingDir, User = "" } = image.config.config ?? {};
  const args = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (args.length === 0) throw scannerWithoutCommand(generator);
  const step: StepInfo = {
    kind: "internal",
    text: `generating sbom using ${generator}`,
    ...(platform === undefined ? {} : { platform }),
  };
  const base = edge({
    op: image.op,
    platform: formatPlatform(image.platform),
    metadata: { step: { kind: "internal", text: `load scanner ${generator}` } },
  });
  const ready = edge({
    op: { kind: "file", actions: [{ action: "mkdir", input: 0, path: DESTINATION, mode: 0o777, makeParents: true }] },
    inputs: [base],
    metadata: { step },
  });
  const bind = { type: "bind", selector: "/" } as const;
  const inputs = [ready];
  const source = (dest: string, root: Rootfs): Mount => ({ ...bind, dest, readonly: true, input: root ? inputs.push(root) - 1 : -1 });
  const mounts: readonly Mount[] = [
    { ...bind, dest: "/", readonly: false, input: 0 },
    { type: "tmpfs", dest: "/tmp", readonly: false, size: 0 },
    source(SOURCE, target),
    ...extras.map(({ name, root }) => source(`${EXTRAS}/sbom-${name}`, root)),
  ];
  const own = [
    `BUILDKIT_SCAN_DESTINATION=${DESTINATION}/`,
    `BUILDKIT_SCAN_SOURCE=${SOURCE}`,
    ...(extras.length > 0 ? [`BUILDKIT_SCAN_SOURCE_EXTRAS=${EXTRAS}`] : []),
    ...Object.entries(parameters).map(([name, value]) => `BUILDKIT_SCAN_${name}=${value}`),
  ];
  return edge({
    op: {
      kind: "exec",
      args,
      env: lastOfEach([PATH, ...Env, ...own]),
      cwd: WorkingDir || "/",
      user: User,
      network,
      security: "sandbox",
      mounts,
    },
    inputs,
    platform: formatPlatform(image.platform),
    metadata: { step },
  });
}

function lastOfEach(env: readonly string[]): readonly string[] {
  return [...new Map(env.map((text) => [text.split("=", 1)[0], text])).values()];
}

/** A file that a scanner wrote. */
export interface ScannedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Returns the statements that a scanner wrote. Throws `build/scanner` where one is none. */
export function scannedStatements(generator: string, files: readonly ScannedFile[]): readonly Attestation[] {
  const statements = files.filter(({ name }) => name.endsWith(".json")).map((file) => statementIn(generator, file));
  if (statements.length === 0) throw noScan(generator, DESTINATION);
  return statements;
}

function statementIn(generator: string, { name, bytes }: ScannedFile): Attestation {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw badScan(generator, name, "it is no JSON");
  }
  const { predicateType, predicate } = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  if (typeof predicateType !== "string" || predicateType === "") throw badScan(generator, name, "it has no predicateType");
  if (typeof predicate !== "object" || predicate === null) throw badScan(generator, name, "it has no predicate");
  return { predicateType, predicate, filename: name };
}
