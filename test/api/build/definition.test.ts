import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import { buildGraph } from "../../../api/build/build-graph.js";
import { openImageStore } from "../../../api/image-store/image-store.js";
import type { BuildOptions, BuildResult } from "../../../api/options/options.js";
import { sha256 } from "../../../core/digest.js";
import { DEFINITION } from "../../../llb/wire/definition.js";
import { encode } from "../../../llb/wire/message.js";
import { OP } from "../../../llb/wire/operations.js";
import { temporaryDirectory } from "../../support/images/images.js";

const DOCKERFILE = `FROM scratch AS parts
COPY --chmod=700 dir /parts/
WORKDIR /made
FROM scratch
COPY --from=parts / /
COPY --link a.txt /linked/
COPY <<EOF /text
words
EOF
`;

interface DefinitionRig {
  readonly path: string;
  readonly context: string;
  readonly llb: Uint8Array;
  build(options: BuildOptions): Promise<BuildResult>;
}

/** Makes a context, the definition of its Dockerfile, and a store. */
async function rig(t: ExecutionContext): Promise<DefinitionRig> {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const context = join(path, "context");
  mkdirSync(join(context, "dir"), { recursive: true });
  for (const name of ["a.txt", "b.txt", "dir/c.txt"]) writeFileSync(join(context, name), name);
  writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
  const options = { root: join(path, "store"), platforms: ["linux/amd64"], collect: false } as const;
  const graph = await buildGraph({ ...options, context });
  return { path, context, llb: graph.definition("linux/amd64"), build: (more) => build({ ...options, ...more }) };
}

test("an image of a definition has the layers of its Dockerfile's, found cached", async (t) => {
  const { path, context, llb, build: run } = await rig(t);
  await run({ context, tags: ["dockerfile"] });
  const result = await run({ context, llb, tags: ["definition"], labels: { a: "b" } });
  // A heredoc is an operation of its own there, and the COPY has it as an input.
  t.is(result.stats.executed, 2);
  const images = await openImageStore({ root: join(path, "store") });
  t.teardown(() => images.close());
  const layers = (name: string): readonly string[] => (images.inspect(name)["RootFS"] as { readonly Layers: readonly string[] }).Layers;
  t.deepEqual(layers("definition").slice(0, 2), layers("dockerfile").slice(0, 2));
  t.like(images.inspect("definition"), {
    Architecture: "amd64",
    Config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/", Labels: { a: "b" }, Cmd: null },
  });
  t.deepEqual(
    images.history("definition").map(({ createdBy, comment }) => [createdBy.replace(/^\[\S+\] /, ""), comment]),
    [
      ["[stage-1 3/3] COPY <<EOF /text", "buildkit.exporter.image.v0"],
      ["[stage-1 2/3] COPY --link a.txt /linked/", "buildkit.exporter.image.v0"],
      ["[stage-1 1/3] COPY --from=parts / /", "buildkit.exporter.image.v0"],
    ],
  );
});

test("without a cache the same files come out, and every step runs", async (t) => {
  const { path, context, llb, build: run } = await rig(t);
  const dest = join(path, "out");
  const first = await run({ context, llb, outputs: [{ type: "local", dest }] });
  t.deepEqual(readdirSync(dest, { recursive: true }).map(String).sort(), [
    "linked",
    "linked/a.txt",
    "made",
    "parts",
    "parts/c.txt",
    "text",
  ]);
  t.is(readFileSync(join(dest, "text"), "utf8"), "words\n");
  const again = await run({ context, llb, noCache: true, outputs: [{ type: "cacheonly" }] });
  t.is(again.stats.executed, first.stats.executed);
});

test("directories are those that the caller names, filtered as the definition says", async (t) => {
  const { path, context, build: run } = await rig(t);
  const source = encode(OP, {
    source: { identifier: "local://My-Src", attrs: new Map([["local.includepattern", '["dir","a*"]']]) },
  });
  const def = [source, encode(OP, { inputs: [{ digest: sha256(source) }] })];
  const llb = encode(DEFINITION, { def });
  const dest = join(path, "out");
  await t.throwsAsync(run({ context, llb, outputs: [{ type: "local", dest }] }), {
    code: "llb/directory-missing",
    message: /"My-Src"/,
  });
  const result = await run({ llb, buildContexts: { "My-Src": context }, outputs: [{ type: "local", dest }] });
  t.deepEqual(readdirSync(dest, { recursive: true }).map(String).sort(), ["a.txt", "dir", "dir/c.txt"]);
  t.deepEqual(result.warnings, []);
});

test("the rights of a definition's steps are those that the caller grants", async (t) => {
  const { context, build: run } = await rig(t);
  const meta = { args: ["id"], cwd: "/" };
  const step = (network: number, security: number): Uint8Array => {
    const exec = encode(OP, { exec: { meta, mounts: [{ input: -1, dest: "/", output: 0 }], network, security } });
    return encode(DEFINITION, { def: [exec, encode(OP, { inputs: [{ digest: sha256(exec) }] })] });
  };
  for (const llb of [step(1, 0), step(0, 1)]) await t.throwsAsync(run({ context, llb }), { code: "build/not-allowed" });
  await t.throwsAsync(run({ context, llb: step(1, 0), network: "none" }), { code: "build/not-allowed" });
});

test("a deep graph is built", async (t) => {
  const { build: run } = await rig(t);
  const def: Uint8Array[] = [];
  const input = (): { readonly inputs?: readonly { readonly digest: string }[] } => {
    const last = def.at(-1);
    return last ? { inputs: [{ digest: sha256(last) }] } : {};
  };
  for (let depth = 0; depth < 100; depth++) {
    const mkdir = { path: `/${depth}`, mode: 0o755, timestamp: -1 };
    def.push(encode(OP, { ...input(), file: { actions: [{ input: depth === 0 ? -1 : 0, mkdir }] } }));
  }
  def.push(encode(OP, input()));
  const result = await run({ llb: encode(DEFINITION, { def }), context: new Uint8Array(), outputs: [{ type: "cacheonly" }] });
  t.is(result.stats.executed, 100);
});

test("options of Dockerfiles, other kinds of contexts and several platforms are refused", async (t) => {
  const { context, llb, build: run } = await rig(t);
  const wrong: readonly (readonly [BuildOptions, RegExp])[] = [
    [{ target: "parts" }, /--target/],
    [{ dockerfile: "Dockerfile" }, /--file/],
    [{ noCacheFilter: ["parts"] }, /--no-cache-filter/],
    [{ addHosts: ["a:1.2.3.4"] }, /--add-host/],
    [{ shmSize: 1 << 20 }, /--shm-size/],
    [{ ulimits: ["nofile=5"] }, /--ulimit/],
    [{ provenance: true }, /--provenance/],
    [{ platforms: ["linux/amd64", "linux/arm64"] }, /several platforms/],
    [{ context: "https://files.example/a.git" }, /context that is no directory/],
  ];
  for (const [options, message] of wrong) await t.throwsAsync(run({ context, llb, ...options }), { code: "llb/option", message });
  await t.throwsAsync(run({ context, llb: Buffer.from("FROM scratch") }), { code: "llb/not-a-definition" });
});
