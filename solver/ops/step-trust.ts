import type { LayerId } from "../../cache/contract/layers.js";
import type { SandboxMount, Worker } from "../../executor-native/contract.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import type { FileTree, PackEntry } from "../../oci/layer/model/toc.js";
import type { OpContext } from "../engine/op.js";
import { packLayer } from "../layers/pack.js";
import type { Authorities } from "../ports.js";
import { parentOf } from "./file/directories.js";
import { type FileReading, readTreeFile } from "./inputs/input-tree.js";

/** Directories, mounts and variables by which a step trusts authorities. */
export interface StepTrust {
  /** Directories of the step's overlay, with those that hold the changed bundles among them. */
  readonly lowers: readonly string[];
  readonly mounts: readonly SandboxMount[];
  readonly env: readonly string[];
  /** Takes the authorities out of bundles that the step changed, which are in its layer. */
  clean(upper: string, worker: Worker): Promise<void>;
}

/** Files in which distributions keep the certificates that programs trust. */
const BUNDLES = [
  "etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Alpine, Arch, Gentoo
  "etc/pki/tls/certs/ca-bundle.crt", // Fedora and its relatives
  "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "etc/ssl/ca-bundle.pem", // SUSE
  "etc/ssl/cert.pem", // Alpine's LibreSSL
];
/** Bytes from which on a file in such a place is no bundle. */
const LARGEST = 8 << 20;

/** Place of the step's own bundle, which exists for the step alone. */
const OWN = "/run/tsbuild/ca-certificates.pem";
/** Variables by which programs and their libraries find a bundle of certificates. */
const VARIABLES = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "GIT_SSL_CAINFO",
  "NODE_EXTRA_CA_CERTS",
  "AWS_CA_BUNDLE",
  "CARGO_HTTP_CAINFO",
  "DENO_CERT",
];
/** Settings for apt, in images that have no bundle yet. */
const APT = { path: "/run/tsbuild/apt.conf", text: `Acquire::https::CAInfo "${OWN}";\n` };

/** A bundle of the image. */
interface Bundle {
  readonly path: string;
  readonly layer: LayerId;
  readonly content: Buffer;
}

/**
 * Makes a step trust authorities: by the image's own bundles, by a bundle of the step, and by
 * variables. Note that the image's bundles are layers of the overlay and no mounts, because a step
 * that installs or changes certificates replaces these files. A layer is directly above that of its
 * bundle, so that the steps of a stage have the same directories.
 */
export async function trustFor(
  authorities: Authorities,
  stack: readonly LayerId[],
  below: readonly string[],
  ports: FileReading,
  opContext: OpContext,
): Promise<StepTrust> {
  const tree = await ports.layers.view(stack, opContext);
  const bundles = await bundlesOf(tree, ports, opContext);
  const block = Buffer.from(`# tsbuild: authorities for this build alone\n${authorities.own}`, "latin1");
  let lowers = below;
  for (const layer of new Set(bundles.map((bundle) => bundle.layer))) {
    const own = bundles.filter((bundle) => bundle.layer === layer);
    lowers = await withBundles(
      lowers,
      layer,
      { tree, bundles: own, block, ...(authorities.onLayer && { onLayer: authorities.onLayer }) },
      ports,
      opContext,
    );
  }
  const text = Buffer.concat([withLineEnd(bundles[0]?.content ?? Buffer.from(authorities.common, "latin1")), block]);
  const hasNone = bundles.length === 0;
  return {
    lowers,
    mounts: [fileMount(OWN, text), ...(hasNone ? [fileMount(APT.path, Buffer.from(APT.text))] : [])],
    env: [...VARIABLES.map((name) => `${name}=${OWN}`), ...(hasNone ? [`APT_CONFIG=${APT.path}`] : [])],
    clean: (upper, worker) =>
      worker.task("removeFromFiles", {
        root: upper,
        directories: [...new Set(BUNDLES.map(parentOf)), ...bundles.map(({ path }) => parentOf(path))],
        text: block,
      }),
  };
}

/** Returns the bundles of a tree, each once: a distribution links to one under several names. */
async function bundlesOf(tree: FileTree, ports: FileReading, opContext: OpContext): Promise<readonly Bundle[]> {
  const found = new Map<string, Bundle>();
  for (const name of BUNDLES) {
    const { path, node } = resolvePath(tree, name);
    if (node?.type !== "file" || node.size > LARGEST || found.has(path)) continue;
    const source = tree.content(path);
    if (source.kind !== "layer") continue;
    const content = Buffer.from(await readTreeFile(tree, path, ports, opContext));
    found.set(path, { path, layer: source.layer as LayerId, content });
  }
  return [...found.values()];
}

/** Bundles of one layer, and what is added to them. */
interface Changed extends Pick<Authorities, "onLayer"> {
  readonly tree: FileTree;
  readonly bundles: readonly Bundle[];
  readonly block: Buffer;
}

/** Returns the directories of an overlay with one that has these bundles and the authorities. */
async function withBundles(
  lowers: readonly string[],
  layer: LayerId,
  { tree, bundles, block, onLayer }: Changed,
  { layers }: FileReading,
  opContext: OpContext,
): Promise<readonly string[]> {
  const entries = new Map<string, PackEntry>();
  for (const { path, content } of bundles) {
    const data = Buffer.concat([withLineEnd(content), block]);
    for (let at = parentOf(path); at !== ""; at = parentOf(at)) entries.set(at, nodeOf(tree, at));
    entries.set(path, { ...nodeOf(tree, path), size: data.length, source: { kind: "bytes", data } });
  }
  const id = await packLayer(layers, { entries: [...entries.values()] }, { type: "uncompressed" }, opContext, { clamp: false });
  onLayer?.(id);
  // The lowest layers of a high stack are one directory, which is the first.
  const at = Math.max(0, lowers.indexOf(await layers.snapshot(layer, opContext)));
  return [...lowers.slice(0, at + 1), await layers.snapshot(id, opContext), ...lowers.slice(at + 1)];
}

function nodeOf(tree: FileTree, path: string): PackEntry {
  const node = tree.lookup(path);
  if (node === undefined) throw new Error(`internal: "${path}" is in no tree`);
  return { ...node, path };
}

function withLineEnd(content: Buffer): Buffer {
  return content.length === 0 || content.at(-1) === 10 ? content : Buffer.concat([content, Buffer.from("\n")]);
}

function fileMount(dest: string, data: Buffer): SandboxMount {
  return { type: "file", dest, data: data.toString("base64"), uid: 0, gid: 0, mode: 0o444 };
}
