import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import type { BuildOptions, BuildResult } from "../../api/options/options.js";
import { beginLoad } from "../../cli/engines/engine.js";
import { temporaryDirectory } from "../support/images/images.js";
import { type CliRun, runRig } from "../support/rigs/cli-rig.js";
import { RESULT } from "../support/rigs/fake-library.js";

/** Starts an engine at a socket, which answers a load with `answer`. */
async function engine(t: ExecutionContext, answer: readonly [status: number, body: string]) {
  const directory = temporaryDirectory();
  const socket = join(directory.path, "docker.sock");
  const loads: string[] = [];
  const server: Server = createServer((request, response) => {
    if (request.url === "/_ping") return void response.end("OK");
    void text(request).then((body) => {
      loads.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(answer[0]).end(answer[1]);
    });
  });
  await new Promise<void>((done) => server.listen(socket, done));
  t.teardown(() => {
    server.close();
    directory.remove();
  });
  return { host: `unix://${socket}`, loads };
}

/** Fakes a build that writes an archive to its output. */
async function build({ outputs }: BuildOptions): Promise<BuildResult> {
  const output = outputs?.at(-1);
  if (output?.type !== "docker" || output.dest === undefined || typeof output.dest === "string") throw new Error("expected a stream");
  const { dest } = output;
  await new Promise<void>((done) => dest.end("archive", () => done()));
  return RESULT;
}

const load = (host: string, options: { readonly build?: typeof build } = {}): Promise<CliRun> =>
  runRig(["--load=docker", "-t", "app", "."], { env: { DOCKER_HOST: host }, build, ...options });

test("--load=docker hands the archive to the engine, and prints what it says", async (t) => {
  const { host, loads } = await engine(t, [200, '{"stream":"Loaded image: app:latest\\n"}\n']);
  const run = await load(host);
  t.is(run.code, 0, run.stderr);
  t.deepEqual(loads, ["POST /images/load?quiet=1 archive"]);
  t.regex(run.stderr, /^Loaded image: app:latest$/m);
});

for (const [what, answer] of [
  ["an error in its stream", [200, '{"stream":"a"}\n{"error":"no room"}\n']],
  ["a status", [500, "no room"]],
] as const) {
  test(`--load=docker fails with the engine: ${what}`, async (t) => {
    const { host } = await engine(t, answer);
    const run = await load(host);
    t.is(run.code, 1);
    t.regex(run.stderr, /^error\[cli\/engine\]: Cannot load into docker: no room$/m);
  });
}

test("an engine that is not there is reported before the build", async (t) => {
  const missing = await load("unix:///nowhere/docker.sock");
  t.deepEqual([missing.code, missing.builds.length], [1, 0]);
  t.regex(missing.stderr, /it does not answer at \/nowhere\/docker.sock .*\nhint: --load=store/);
  const remote = await load("tcp://10.0.0.1:2375");
  t.deepEqual([remote.code, remote.builds.length], [2, 0]);
});

test("an engine that is silent is given up before the build, and on an abort", async (t) => {
  const { path, remove } = temporaryDirectory();
  const server = createServer(() => undefined);
  await new Promise<void>((done) => server.listen(join(path, "docker.sock"), done));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
    remove();
  });
  const env = { DOCKER_HOST: `unix://${path}/docker.sock` };
  await t.throwsAsync(beginLoad("docker", { env, signal: new AbortController().signal }, 1), { message: /\(no answer in 0\.001 s\)$/ });
  await t.throwsAsync(beginLoad("docker", { env, signal: AbortSignal.abort() }), { instanceOf: Error });
});

test("--load=store and --load are the local store; another word is refused", async (t) => {
  for (const flag of ["--load", "--load=store", "--load=true"]) {
    t.deepEqual((await runRig([flag, "."])).builds[0]?.outputs, [{ type: "image" }], flag);
  }
  t.is((await runRig(["--load=false", "."])).builds[0]?.outputs, undefined);
  t.is((await runRig(["--load=other", "."])).code, 2);
});

test("import: a Dockerfile of the archive and the changes", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  writeFileSync(join(directory.path, "a.tar"), Buffer.alloc(1024));
  writeFileSync(join(directory.path, "text"), "no archive");
  const cwd = directory.path;
  const run = await runRig(["image", "import", "-c", 'CMD ["a"]', "--change", "ENV A=1", "--platform", "linux/arm64", "a.tar", "app:1"], {
    cwd,
  });
  t.is(run.code, 0, run.stderr);
  t.like(run.builds[0], { tags: ["app:1"], platforms: ["linux/arm64"] });
  const dockerfile = (build: BuildOptions | undefined) => (build?.dockerfile as { readonly text: string } | undefined)?.text;
  t.is(dockerfile(run.builds[0]), 'FROM scratch\nADD --unpack=true rootfs.tar /\nCMD ["a"]\nENV A=1\n');
  const piped = await runRig(["import", "-"], { stdin: Buffer.alloc(1024) });
  t.is(piped.code, 0, piped.stderr);
  const remote = await runRig(["import", "https://example.com/a b.tar"]);
  t.is(dockerfile(remote.builds[0]), 'FROM scratch\nADD --unpack=true ["https://example.com/a b.tar","/"]\n');
  for (const [args, what] of [
    [["import", "-c", "RUN x", "a.tar"], /Cannot use --change "RUN x"/],
    [["import", "-c", "ENV A=1\nRUN x", "a.tar"], /Cannot use --change/],
    [["import", "text"], /Cannot import "text": it is no tar archive/],
    [["import", "missing"], /Cannot import "missing": there is no such file/],
  ] as const) {
    const refused = await runRig([...args], { cwd });
    t.not(refused.code, 0);
    t.deepEqual(refused.builds, []);
    t.regex(refused.stderr, what);
  }
});
