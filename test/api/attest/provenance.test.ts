import test from "ava";
import { parseDigest } from "../../../core/digest.js";
import { invocationOf } from "../../../api/attest/parameters.js";
import { provenanceOf, type ProvenanceSubject } from "../../../api/attest/provenance.js";
import { webMaterials } from "../../../api/attest/web-materials.js";
import type { WebRequests } from "../../../core/web-request.js";
import { shortProvenance } from "../../../api/attest/short-provenance.js";
import type { ProvenanceOptions } from "../../../api/options/output-types.js";
import { type BuildOptions } from "../../../api/options/options.js";
import { resolveBuildOptions } from "../../../api/options/resolve-options.js";
import { gitSource } from "../../../llb/sources/git.js";
import { httpSource } from "../../../llb/sources/http.js";
import { imageSource } from "../../../llb/sources/image.js";
import { localSource } from "../../../llb/sources/local.js";
import type { ExecOp, Mount, Op } from "../../../llb/ops.js";
import { type Edge, edge, type Rootfs } from "../../../llb/vertex.js";
import { parsePlatform } from "../../../oci/platform.js";

const DIGEST = parseDigest(`sha256:${"1".repeat(64)}`);
const COMMIT = "2".repeat(40);

const node = (op: Op, ...inputs: readonly Edge[]): Edge =>
  edge({ op, inputs, platform: "linux/amd64", metadata: { step: { kind: "internal", text: "x" } } });
const image = node(imageSource({ layout: false, ref: "docker.io/library/alpine:3", digest: DIGEST }));
const download = node(httpSource("https://user:hidden@example.com/a.tgz?x=1", { filename: "a.tgz", checksum: DIGEST }));
const address = { ref: "main", subdir: "", checksum: "", keepGitDir: undefined, submodules: undefined, mtime: undefined };
const repository = node(gitSource({ ...address, remote: "https://token:hidden@example.com/r.git" }));
const directory = node(localSource("context"));

const ROOT: Mount = { type: "bind", dest: "/", readonly: false, input: 0, selector: "/" };
const SECRET: Mount = { type: "secret", dest: "/s", readonly: true, id: "key", uid: 0, gid: 0, mode: 0o400, optional: true };

function run(from: Edge, more: Partial<ExecOp> = {}): Edge {
  const plain = {
    args: ["sh", "-c", "curl https://me:hidden@example.com"],
    env: ["P=socks5://me:hidden@proxy"],
    cwd: "/",
    user: "",
  } as const;
  return node({ kind: "exec", ...plain, network: "default", security: "sandbox", mounts: [ROOT, SECRET], ...more }, from);
}

const PORTS = {
  downloads: { digest: () => Promise.reject(new Error("it has a checksum")) },
  repositories: { commit: () => Promise.resolve({ id: COMMIT }) },
  reporter: { signal: new AbortController().signal, progress: () => undefined },
} as never;

async function provenance(rootfs: Rootfs, options: ProvenanceOptions = {}, build: BuildOptions = {}) {
  const dockerfile = {
    text: "FROM alpine:3\nADD https://me:hidden@example.com/a.tgz /\n",
    name: "sub/Containerfile",
    path: "/home/sub/Containerfile",
  };
  const subject: ProvenanceSubject = {
    invocation: invocationOf(resolveBuildOptions({ root: "/nowhere", ...build }, {}), dockerfile),
    rootfs,
    platform: parsePlatform("linux/amd64"),
    layers: [{ mediaType: "application/x", digest: DIGEST, size: 3 }],
    id: "one",
    started: 0,
    finished: 1500,
  };
  const { predicateType, predicate } = await provenanceOf(subject, options, PORTS);
  const text = JSON.stringify(predicate);
  return { predicateType, predicate: JSON.parse(text), text };
}

test("provenance lists what a build was made of, by address and digest", async (t) => {
  const merged = node({ kind: "merge" }, image, download, repository, directory);
  const { predicateType, predicate } = await provenance(merged);
  t.is(predicateType, "https://slsa.dev/provenance/v0.2");
  t.deepEqual(predicate["materials"], [
    { uri: "pkg:docker/alpine@3?platform=linux%2Famd64", digest: { sha256: "1".repeat(64) } },
    { uri: "https://xxxxx:xxxxx@example.com/a.tgz?x=1", digest: { sha256: "1".repeat(64) } },
    { uri: "https://example.com/r.git#main", digest: { sha1: COMMIT } },
  ]);
  t.deepEqual(predicate["metadata"].completeness, { parameters: true, environment: true, materials: false });
  t.is(predicate["metadata"].buildFinishedOn, "1970-01-01T00:00:01.500Z");
});

test("provenance has no user or password of an address, in both modes and versions", async (t) => {
  const merged = node({ kind: "merge" }, run(image), download, repository);
  const build = { buildArgs: { PROXY: "http://me:hidden@proxy:1" }, buildContexts: { r: "https://me:hidden@example.com/x.git" } };
  for (const mode of ["min", "max"] as const) {
    for (const version of ["v0.2", "v1"] as const) {
      const { text } = await provenance(merged, { mode, version }, build);
      t.notRegex(text, /hidden/, `${mode} ${version}`);
      for (const [, data = ""] of text.matchAll(/"data":"([^"]*)"/g)) t.notRegex(Buffer.from(data, "base64").toString(), /hidden/);
    }
  }
});

test("mode=min leaves out arguments, labels and ids of secrets, and says so; mode=max has them and the graph", async (t) => {
  const build = { buildArgs: { A: "1" }, labels: { l: "m" }, target: "app" };
  const min = await provenance(run(image), { mode: "min" }, build);
  t.deepEqual(min.predicate["invocation"].parameters.args, { target: "app" });
  t.is(min.predicate["invocation"].parameters.secrets, undefined);
  t.is(min.predicate["metadata"].completeness.parameters, false);
  t.is(min.predicate["buildConfig"], undefined);
  const max = await provenance(run(image), { mode: "max", builderId: "https://ci", reproducible: true }, build);
  t.deepEqual(max.predicate["invocation"].parameters, {
    frontend: "dockerfile.v0",
    args: { "build-arg:A": "1", "label:l": "m", target: "app" },
    secrets: [{ id: "key", optional: true }],
    locals: [{ name: "context" }, { name: "dockerfile" }],
  });
  t.is(max.predicate["metadata"].completeness.parameters, true);
  t.true(max.predicate["metadata"].reproducible);
  t.is(max.predicate["builder"].id, "https://ci");
  t.deepEqual(
    max.predicate["buildConfig"].llbDefinition.map(({ id, inputs }: { id: string; inputs: unknown }) => [id, inputs]),
    [
      ["step0", undefined],
      ["step1", ["step0:0"]],
      ["step2", ["step1:0"]],
    ],
  );
  const details = max.predicate["metadata"]["https://mobyproject.org/buildkit@v1#metadata"];
  t.is(details.source.infos[0].filename, "Containerfile");
  t.deepEqual(details.layers, { "step1:0": [[{ mediaType: "application/x", digest: DIGEST, size: 3 }]] });
});

test("the graph names the inputs of a merge and of a difference as BuildKit does", async (t) => {
  const difference = node({ kind: "diff" }, image, run(image));
  const { predicate } = await provenance(node({ kind: "merge" }, image, difference), { mode: "max" });
  const ops = predicate["buildConfig"].llbDefinition.map(({ op }: { op: { Op: object } }) => op.Op);
  t.deepEqual(ops.slice(2), [{ diff: { lower: {}, upper: { input: 1 } } }, { merge: { inputs: [{}, { input: 1 }] } }, {}]);
});

test("a build from elsewhere without a network is hermetic; its context is the source of its config", async (t) => {
  const context = "https://example.com/r.git#main";
  const { predicate } = await provenance(node({ kind: "merge" }, run(image, { network: "none" }), repository), {}, { context });
  t.deepEqual(predicate["invocation"].configSource, { uri: context, digest: { sha1: COMMIT }, entryPoint: "Containerfile" });
  t.is(predicate["metadata"].completeness.materials, false, "the Dockerfile is a file of this machine");
});

test("the short form is without what describes the single build", async (t) => {
  for (const [version, members] of [
    ["v0.2", ["builder", "buildType", "materials", "invocation"]],
    ["v1", ["buildDefinition", "runDetails"]],
  ] as const) {
    const short = shortProvenance((await provenance(run(image), { mode: "max", version })).predicate);
    t.deepEqual(Object.keys(short), members);
    t.notRegex(JSON.stringify(short), /llbDefinition|1970/);
  }
});

/** Requests of a step, and what provenance says of them. */
const WEB: readonly (readonly [
  name: string,
  requests: WebRequests | undefined,
  files: readonly string[],
  incomplete: readonly string[],
])[] = [
  ["none", { list: [], more: 0 }, [], []],
  ["nobody recorded them", undefined, [], ["not_captured"]],
  ["more than are kept", { list: [], more: 1 }, [], ["not_captured"]],
  [
    "a file, by a redirect of a redirect",
    {
      list: [
        { method: "GET", url: "http://a.example/1", status: 301, bytes: 0, location: "http://a.example/2" },
        { method: "GET", url: "http://a.example/2", status: 302, bytes: 0, location: "https://b.example/3" },
        { method: "GET", url: "https://b.example/3", status: 200, bytes: 1, digest: DIGEST },
      ],
      more: 0,
    },
    ["https://b.example/3", "http://a.example/2", "http://a.example/1"],
    [],
  ],
  [
    "a redirect that nobody followed, and one in a circle",
    {
      list: [
        { method: "GET", url: "http://a.example/1", status: 301, bytes: 0, location: "http://a.example/2" },
        { method: "GET", url: "http://a.example/3", status: 301, bytes: 0, location: "http://a.example/3" },
      ],
      more: 0,
    },
    [],
    [],
  ],
  [
    "a request that is refused, and one that fails",
    {
      list: [
        { method: "GET", url: "http://127.0.0.1/", status: 403, bytes: 0, refused: "no" },
        { method: "POST", url: "http://a.example/", status: 200, bytes: 1, incomplete: "method_not_materializable" },
      ],
      more: 0,
    },
    [],
    ["method_not_materializable"],
  ],
];
for (const [name, requests, files, reasons] of WEB)
  test(`files that steps fetched: ${name}`, (t) => {
    const { vertex } = run(image);
    const silent = run(image, { network: "none" }).vertex;
    const found = webMaterials([vertex, silent], { of: (step) => (step === vertex.digest ? requests : undefined) });
    t.deepEqual([found.files.map(({ uri }) => uri), found.incomplete.map(({ reason }) => reason)], [files, reasons]);
  });
