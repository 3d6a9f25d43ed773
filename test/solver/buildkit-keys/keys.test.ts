import test from "ava";
import { localOf } from "../../../llb/sources/source.js";
import { stepName } from "../../../core/step.js";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readConfig } from "../../../cache/remote/read-config.js";
import type { KeyRecord, TransferLayer } from "../../../cache/remote/content.js";
import { writeConfig } from "../../../cache/remote/write-config.js";
import type { Digest } from "../../../core/digest.js";
import { compileDockerfile } from "../../../frontend/dockerfile/compile.js";
import { parseDockerfile } from "../../../frontend/dockerfile/syntax/parse.js";
import type { FrontendOptions, FrontendPorts } from "../../../frontend/frontend.js";
import { topological, type Vertex } from "../../../llb/vertex.js";
import { findResults } from "../../../solver/buildkit-keys/find-results.js";
import { RecordGraph } from "../../../solver/buildkit-keys/record-graph.js";
import { writeRecords } from "../../../solver/buildkit-keys/write-records.js";
import { LocalTree } from "../../../solver/ops/local/local-tree.js";
import { PLAIN_OPTIONS } from "../../support/samples/frontend-options.js";

const FIXTURES = "test/solver/buildkit-keys/fixtures";
const DIFF_ID = "sha256:c42829711f0c70b79c525727ba31ce9fea9f13019eadb75f4ce10ed662257b7e" as Digest;
const MANIFEST = "sha256:86a24215d0c6be2bfb2770f796da393920aa8b8a6ace2768266a4af972abfff7" as Digest;
const LINUX = { os: "linux", architecture: "amd64" };
const layer = (blob: string): TransferLayer => ({
  diffId: blob as Digest,
  blob: { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: blob as Digest, size: 1 },
  createdAt: undefined,
});

const PORTS: FrontendPorts = {
  resolveImage: async (ref) => ({
    ref,
    op: { kind: "source", identifier: `docker-image://${ref}@${MANIFEST}`, attrs: {} },
    digest: MANIFEST,
    config: { ...LINUX, config: { Cmd: ["sh"] }, rootfs: { type: "layers", diff_ids: [DIFF_ID] } },
    platform: LINUX,
  }),
  namedContext: async () => undefined,
  ignorePatterns: async () => [],
};

const OPTIONS = { ...PLAIN_OPTIONS, network: "host" } as const;

/** Files by path, and where symlinks lead. */
const CONTEXTS = {
  plain: {
    "a.txt": "hello",
    "b.txt": "world",
    "src/one.ts": "one",
    "src/deep/two.ts": "two",
    "src/note.md": "note",
    "d/x": "x",
    "d/sub/y": "y",
    "run.sh": "#!/bin/sh\necho hi\n",
    "d/l": { link: "x" },
    dl: { link: "d" },
  },
  odd: {
    "a b/c d.txt": "1",
    "ü/é.txt": "2",
    "we[ird].txt": "3",
    setuid: "4",
    "keep/x/k.txt": "5",
    "keep/n.log": "6",
    "z/y/z.txt": "7",
    "z-file": "8",
    "z.b": "9",
    empty: undefined,
    "links/zy": { link: "../z/y" },
    "links/dangling": { link: "nowhere" },
    zlink: { link: "z" },
  },
} satisfies Readonly<Record<string, Readonly<Record<string, string | { readonly link: string } | undefined>>>>;

const MODES: Readonly<Record<string, number>> = { "run.sh": 0o755, setuid: 0o4755 };
let root: string;

/** Makes a directory with a fixed mode, because keys have the mode that the umask leaves. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o755);
}

test.before(() => {
  root = mkdtempSync(join(tmpdir(), "tsbuild-buildkit-"));
  for (const [context, entries] of Object.entries(CONTEXTS)) {
    for (const [name, content] of Object.entries(entries)) {
      const path = join(root, context, name);
      makeDirectory(content === undefined ? path : dirname(path));
      if (typeof content === "object") symlinkSync(content.link, path);
      else if (content !== undefined) {
        writeFileSync(path, content);
        chmodSync(path, MODES[name] ?? 0o644);
      }
    }
  }
});

test.after.always(() => rmSync(root, { recursive: true, force: true }));

const treeOf =
  (context: string) =>
  async ({ op }: Vertex) =>
    localOf(op) ? new LocalTree(join(root, context)) : undefined;

interface Fixture {
  readonly dockerfile: readonly string[];
  readonly options?: Partial<FrontendOptions>;
  /** Steps that BuildKit keeps no result of: it exports none of what has no inputs. */
  readonly misses?: readonly string[];
  readonly context?: string;
  readonly config: unknown;
}

for (const name of readdirSync(FIXTURES)) {
  const {
    dockerfile,
    options = {},
    context = "plain",
    config,
    misses = [],
  } = JSON.parse(readFileSync(join(FIXTURES, name), "utf8")) as Fixture;
  const graph = async (): Promise<readonly Vertex[]> => {
    const text = dockerfile.join("\n");
    const { rootfs } = await compileDockerfile(parseDockerfile(text, "Dockerfile").ast, { ...OPTIONS, ...options, text }, PORTS);
    return topological([rootfs]);
  };
  const steps = (order: readonly Vertex[]) => order.filter(({ op }) => op.kind !== "source");
  const ports = {
    imageOf: async () => ({ layers: [{ blob: layer(DIFF_ID).blob, diffId: DIFF_ID }] }),
    treeOf: treeOf(context),
    signal: new AbortController().signal,
  };
  const { records: theirs = [] } = readConfig(Buffer.from(JSON.stringify(config)), name, layer);

  test(`what BuildKit cached is found: ${name}`, async (t) => {
    const order = await graph();
    const [found] = await findResults(order, [new RecordGraph(theirs)], ports);
    t.deepEqual(
      steps(order)
        .filter(({ digest }) => !found?.has(digest))
        .map(({ metadata }) => stepName(metadata.step)),
      misses,
    );
  });

  test(`what is written is what BuildKit writes, and is found: ${name}`, async (t) => {
    const order = await graph();
    const results = new Map(steps(order).map(({ digest }, index) => [digest, { layers: [layer(DIFF_ID)], createdAt: index + 1 }]));
    const written = await writeRecords(order, results, ports);
    t.deepEqual(operations(written), operations(theirs));
    const content = { results: [], mounts: [], records: written };
    const { records: ours = [] } = readConfig(writeConfig(content, { annotated: false }), name, layer);
    const [found] = await findResults(order, [new RecordGraph(ours)], ports);
    t.deepEqual(
      steps(order).map(({ digest }) => found?.get(digest)?.createdAt),
      steps(order).map((_, index) => index + 1),
    );
  });
}

/** Returns the digests of the records that have inputs, with each input's non-empty selectors. */
function operations(records: readonly KeyRecord[]): readonly string[] {
  return records
    .filter(({ inputs }) => inputs.length > 0)
    .map(({ digest, inputs }) => {
      const selectors = inputs.map((links) => [...new Set(links.map(({ selector }) => selector))].filter((selector) => selector !== ""));
      return `${digest} ${selectors.map((of) => of.sort().join()).join(" ")}`;
    })
    .sort();
}
