import test from "ava";
import { sha256 } from "../../../core/digest.js";
import type { StepInfo } from "../../../core/step.js";
import { type CopyAction, type ExecOp, HOST_GATEWAY } from "../../../llb/ops.js";
import { blobSource } from "../../../llb/sources/blob.js";
import { gitSource } from "../../../llb/sources/git.js";
import { imageSource } from "../../../llb/sources/image.js";
import { localSource } from "../../../llb/sources/local.js";
import { edge, type VertexMetadata } from "../../../llb/vertex.js";
import { DEFINITION } from "../../../llb/wire/definition.js";
import { vertexDot, vertexJson } from "../../../llb/wire/forms.js";
import { decode } from "../../../llb/wire/message.js";
import { type WireVertex, writeDefinition } from "../../../llb/wire/write/write-definition.js";

const step: StepInfo = { kind: "internal", text: "step" };
const metadata: VertexMetadata = { step };
const PLATFORM = { platform: "linux/arm/v7" };

const exec: ExecOp = {
  kind: "exec",
  args: ["true"],
  env: [],
  cwd: "/",
  user: "",
  network: "default",
  security: "sandbox",
  mounts: [{ type: "bind", dest: "/", readonly: false, input: 0, selector: "/" }],
};

const copy: CopyAction = {
  action: "copy",
  input: -1,
  secondaryInput: 0,
  src: "/a",
  dest: "/b",
  followSymlinks: true,
  dirCopyContents: true,
  attemptUnpack: false,
  createDestPath: true,
  allowWildcard: true,
  allowEmptyWildcard: true,
};

const local = edge({ op: localSource("context", ["*.md"], "build 1"), metadata });

function written(root: ReturnType<typeof edge>): readonly WireVertex[] {
  return writeDefinition(root, PLATFORM).vertices.slice(0, -1);
}

test("the empty filesystem is a definition of nothing", (t) => {
  const { vertices, bytes } = writeDefinition(undefined, PLATFORM);
  t.deepEqual(vertices, []);
  t.deepEqual(decode(DEFINITION, bytes).def, undefined);
});

test("the last operation names the result, with the capabilities that the definition needs", (t) => {
  const { vertices } = writeDefinition(edge({ op: exec, inputs: [local], metadata: { step, ignoreCache: true } }), PLATFORM);
  const last = vertices.at(-1);
  t.deepEqual(last?.op.inputs, [{ digest: vertices.at(-2)?.digest, index: 0 }]);
  t.deepEqual([...(last?.metadata.caps?.keys() ?? [])], ["constraints", "platform", "meta.description", "meta.ignorecache"]);
  t.true(vertices.at(-2)?.metadata.ignore_cache);
});

test("only images and commands have a platform", (t) => {
  const image = edge({ op: imageSource({ layout: false, ref: "a.example/b:1", digest: sha256("b") }), metadata });
  const run = edge({ op: exec, inputs: [image], platform: "linux/amd64", metadata });
  const vertices = written(
    edge({ op: { kind: "file", actions: [{ ...copy, input: 0, secondaryInput: 1 }] }, inputs: [run, local], metadata }),
  );
  t.deepEqual(
    vertices.map(({ op }) => op.platform),
    [{ OS: "linux", Architecture: "arm", Variant: "v7" }, { OS: "linux", Architecture: "amd64", Variant: "" }, undefined, undefined],
  );
});

test("a directory has the name that a client shares it by, and no identity of ours", (t) => {
  const [vertex] = written(local);
  t.deepEqual([...(vertex?.op.source?.attrs ?? [])].sort(), [
    ["local.excludepatterns", '["*.md"]'],
    ["local.sharedkeyhint", "context"],
  ]);
});

test("consent and places of this machine stay here", (t) => {
  const address = { ref: "", subdir: "", checksum: "", keepGitDir: undefined, submodules: undefined, mtime: undefined };
  const git = edge({ op: gitSource({ remote: "git@host.example:a/b", ...address }, { fromCaller: true }), metadata });
  const layout = edge({ op: imageSource({ layout: true, ref: "/home/me/layout", digest: sha256("a") }), metadata });
  const blob = edge({ op: blobSource(sha256("b"), "context"), metadata });
  const [first, second, third] = written(edge({ op: { kind: "merge" }, inputs: [git, layout, blob], metadata }));
  t.false(first?.op.source?.attrs?.has("git.fromcaller"));
  t.is(first?.op.source?.attrs?.get("git.mountsshsock"), "default");
  t.is(second?.op.source?.identifier, `oci-layout://layout@${sha256("a")}`);
  t.deepEqual([...(third?.op.source?.attrs ?? [])], [["http.filename", "context"]]);
});

test("COPY --parents is a pattern below its pivot", (t) => {
  const action = (src: string, parentsPivot: string) => {
    const [, vertex] = written(edge({ op: { kind: "file", actions: [{ ...copy, src, parentsPivot }] }, inputs: [local], metadata }));
    const { src: from, include_patterns: patterns, required_paths: required } = vertex?.op.file?.actions?.[0]?.copy ?? {};
    return { from, patterns, required };
  };
  t.deepEqual(action("/dir/c.txt", "/"), { from: "/", patterns: ["dir/c.txt"], required: ["/dir/c.txt"] });
  t.deepEqual(action("/dir/sub/c.txt", "/dir"), { from: "/dir", patterns: ["sub/c.txt"], required: ["/dir/sub/c.txt"] });
  t.deepEqual(action("/d*/c", "/"), { from: "/", patterns: ["d*/c"], required: undefined });
});

test("names of owners are looked up in the filesystem that is changed, where there is one", (t) => {
  const owner = { user: "www", group: "root" };
  const actions = (input: number) => [{ ...copy, input, secondaryInput: 0, owner }];
  const onEmpty = written(edge({ op: { kind: "file", actions: actions(-1) }, inputs: [local], metadata }));
  t.deepEqual(onEmpty[1]?.op.file?.actions?.[0]?.copy?.owner, { user: { byName: { name: "www", input: -1 } }, group: { byID: 0 } });
  const onInput = written(edge({ op: { kind: "file", actions: actions(0) }, inputs: [local], metadata }));
  t.deepEqual(onInput[1]?.op.file?.actions?.[0]?.copy?.owner?.user, { byName: { name: "www", input: 0 } });
});

test("a part that BuildKit's form cannot say is refused by name", (t) => {
  const gateway = edge({ op: { ...exec, extraHosts: [{ host: "db", ip: HOST_GATEWAY }] }, inputs: [local], metadata });
  t.throws(() => written(gateway), { code: "llb/no-wire-form", message: /"\[internal\] step".*"db" is host-gateway/ });
  const mode = edge({ op: { kind: "file", actions: [{ action: "mkfile", input: -1, path: "/a", mode: "u=r", data: "" }] }, metadata });
  t.throws(() => written(mode), { code: "llb/no-wire-form", message: /symbolic/ });
});

test("the places of instructions are in the source map, each file once", (t) => {
  const source = { name: "Dockerfile", text: "FROM scratch\nRUN a\n" };
  const range = { start: 13, end: 18, line: 2, column: 1, endLine: 2, endColumn: 6 };
  const first = edge({ op: localSource("context"), metadata: { step, source, range } });
  const second = edge({ op: exec, inputs: [first], metadata: { step, source, range } });
  const { bytes, vertices } = writeDefinition(second, PLATFORM);
  const { infos = [], locations } = decode(DEFINITION, bytes).Source ?? {};
  t.deepEqual(
    infos.map(({ filename, data, language }) => [filename, Buffer.from(data ?? []).toString(), language]),
    [["Dockerfile", source.text, "Dockerfile"]],
  );
  t.deepEqual(
    [...(locations ?? [])].map(([digest, value]) => [digest, value.locations]).sort(),
    vertices
      .slice(0, -1)
      .map(({ digest }) => [digest, [{ ranges: [{ start: { line: 2 }, end: { line: 2 } }] }]])
      .sort(),
  );
});

test("JSON and dot leave out passwords, and show what buildctl shows", (t) => {
  const address = { ref: "", subdir: "", checksum: "", keepGitDir: undefined, submodules: undefined, mtime: undefined };
  const git = edge({ op: gitSource({ remote: "https://me:secret@host.example/a", ...address }), metadata });
  const { vertices } = writeDefinition(edge({ op: exec, inputs: [git], metadata }), PLATFORM);
  const shown = JSON.stringify(vertices.map(vertexJson)) + vertexDot(vertices);
  t.false(shown.includes("secret@"));
  const [, run] = vertices.map(vertexJson);
  t.like(run, { Op: { Op: { exec: { meta: { args: ["true"], cwd: "/" } } }, platform: { OS: "linux" } }, Digest: vertices[1]?.digest });
  t.regex(vertexDot(vertices), /"true" shape="box"/);
});

test("equal graphs have equal bytes", (t) => {
  const make = () => writeDefinition(edge({ op: exec, inputs: [local], metadata }), PLATFORM).bytes;
  t.deepEqual(make(), make());
});
