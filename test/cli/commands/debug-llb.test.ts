import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { buildGraph } from "../../../api/build/build-graph.js";
import { sha256 } from "../../../core/digest.js";
import { DEFINITION } from "../../../llb/wire/definition.js";
import { decode } from "../../../llb/wire/message.js";
import { runRig } from "../../support/rigs/cli-rig.js";

const work = mkdtempSync(join(tmpdir(), "tsbuild-debug-llb-"));
test.after.always(() => rmSync(work, { recursive: true, force: true }));

const context = join(work, "context");
mkdirSync(context);
writeFileSync(join(context, "Dockerfile"), "FROM scratch\nARG DIR=/d\nCOPY . $DIR/\nADD https://me:secret@files.example/a /b\n");

const run = (...args: readonly string[]) => runRig(["debug", "llb", "--root", join(work, "store"), ...args], { cwd: context, buildGraph });

test("text is that of the graph, with the values of the command line", async (t) => {
  const { code, stdout, stderr } = await run("--build-arg", "DIR=/other", "--secret", "id=s,src=/dev/null", "-t", "ignored");
  t.is(stderr, "");
  t.is(code, 0);
  t.regex(stdout, /^1: source "\[internal\] load build context"\n {3}local:\/\/context\n/);
  t.regex(stdout, /copy 0:\/ -> \/other\//);
  t.false(stdout.includes("secret"));
});

test("without an operand the context is the working directory, as with one", async (t) => {
  t.is((await run()).stdout, (await run(".")).stdout);
});

test("json has a vertex in each line, whose digest is that of the bytes", async (t) => {
  const { stdout } = await run("--format", "json");
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly Digest: string });
  const file = join(work, "graph.llb");
  t.is((await run("-o", file)).code, 0);
  const { def = [] } = decode(DEFINITION, readFileSync(file));
  t.deepEqual(
    lines.map(({ Digest }) => Digest),
    def.map((bytes) => sha256(bytes)),
  );
  t.false(stdout.includes("secret"));
});

test("dot is a graph for Graphviz", async (t) => {
  const { stdout } = await run("--format=dot");
  t.regex(stdout, /^digraph \{\n {2}"sha256:\w{64}" \[label="local:\/\/context" shape="ellipse"\];\n/);
  t.true(stdout.endsWith("}\n"));
});

test("platforms that share vertices show them once, and have a definition each", async (t) => {
  const { stdout } = await run("--platform", "linux/amd64,linux/arm64");
  t.regex(stdout, /^result: \(\d\) \(\d\)$/m);
  const digests = async (...args: readonly string[]): Promise<readonly string[] | null> =>
    (await run("--format=json", ...args)).stdout.match(/"Digest":"\S+?"/g);
  t.deepEqual(await digests("--platform", "linux/amd64,linux/arm64"), await digests());
  const refused = await run("--platform", "linux/amd64,linux/arm64", "-o", join(work, "both"));
  t.is(refused.code, 2);
  t.regex(refused.stderr, /Cannot write one definition for linux\/amd64 and linux\/arm64/);
});

test("a file that cannot be written, and a Dockerfile with errors, are refused", async (t) => {
  const missing = await run("-o", "/dev/null/x");
  t.is(missing.code, 2);
  t.regex(missing.stderr, /--output/);
  writeFileSync(join(work, "Broken"), "FROM scratch\nCOPI a b\n");
  const broken = await run("-f", join(work, "Broken"));
  t.is(broken.code, 1);
  t.regex(broken.stderr, /dockerfile\/unknown-instruction/);
});

test("a definition that was made elsewhere is shown too", async (t) => {
  const file = join(work, "again.llb");
  await run("-o", file);
  const { code, stdout } = await run("--llb", file, ".");
  t.is(code, 0);
  t.regex(stdout, /copy 0:\/ -> \/d\//);
});
