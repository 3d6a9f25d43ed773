import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { COMMANDS } from "../../../cli/commands-table.js";
import type { CliEnvironment } from "../../../cli/environment.js";
import { library } from "../../../cli/library.js";
import { runCli } from "../../../cli/run.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { fakeRegistry, type FakeRegistry } from "../../support/servers/registry.js";

// Every command that asks another machine, or a program, says what it waits for, and ends on the
// first ctrl-c. The server takes each request and never answers; the command is aborted when it has
// said so.

/**
 * Command lines, or the reason why a command asks nobody. `HOST` never answers; nor does the helper
 * that keeps the credentials of `OTHER`.
 */
const WAITS: Readonly<Record<string, readonly string[] | string>> = {
  build: [
    "build .",
    "build -q .",
    "build --progress=rawjson .",
    "build http://HOST/context.tar",
    "build http://HOST/repository.git",
    "build --check .",
    "build --call=outline .",
    "build -f add.Dockerfile .",
    "build -f copy.Dockerfile --cache-from type=registry,ref=HOST/cache .",
    "build -f scratch.Dockerfile --push -t HOST/app .",
  ],
  bake: ["bake http://HOST/docker-bake.hcl", "bake --print http://HOST/repository.git", "bake -f docker-bake.json"],
  serve: "waits for clients",
  compose: ["compose -f compose.yaml build"],
  run: ["run HOST/app", "run --file Dockerfile ."],
  debug: "reads the store",
  "debug llb": ["debug llb ."],
  dap: "asks nobody before its editor launches a build",
  diff: "reads the store",
  test: ["test ."],
  check: ["check .", "check http://HOST/context.tar"],
  images: "reads the store",
  tag: "reads the store",
  rmi: "reads the store",
  inspect: "reads the store",
  history: "reads the store",
  builds: "reads the store",
  logs: "reads the store",
  explain: "reads the store",
  save: "reads the store",
  load: "reads an archive",
  pull: ["pull HOST/app", "pull -q HOST/app", "pull -a HOST/app"],
  push: ["push HOST/stored", "push -q HOST/stored"],
  login: ["login -u me -p secret HOST", "login -u me -p secret OTHER", "login OTHER"],
  logout: ["logout OTHER"],
  du: "reads the store",
  "image prune": "reads the store",
  prune: "reads the store",
  import: ["import http://HOST/rootfs.tar"],
  "system df": "reads the store",
  "system prune": "reads the store",
  "imagetools create": ["imagetools create -t HOST/list HOST/app"],
  "imagetools inspect": ["imagetools inspect HOST/app"],
  "manifest create": ["manifest create HOST/new HOST/app"],
  "manifest annotate": "changes a file",
  "manifest inspect": ["manifest inspect HOST/app", "manifest inspect --insecure HOST/app"],
  "manifest push": ["manifest push HOST/list"],
  "manifest rm": "removes a file",
  kaniko: ["kaniko --context=dir://. --dockerfile=Dockerfile --no-push"],
  bud: ["bud ."],
  version: "reads nothing",
  doctor: "looks at this machine alone",
};

const LINES = Object.values(WAITS).flatMap((lines) => (typeof lines === "string" ? [] : lines));

/** Files in the directory where the commands run. */
const FILES: Readonly<Record<string, string>> = {
  Dockerfile: "FROM HOST/base AS test-base\nLABEL a=b\n",
  "add.Dockerfile": "FROM scratch\nADD http://HOST/file /\n",
  "scratch.Dockerfile": "FROM scratch\nLABEL a=b\n",
  "copy.Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
  "docker-bake.json": '{"target": {"default": {"context": "."}}}',
  "compose.yaml": "services: {app: {build: .}}",
};

let fake: FakeRegistry;
let other: FakeRegistry;

test.before(async () => {
  fake = await fakeRegistry(() => undefined);
  other = await fakeRegistry((_, response) => void response.writeHead(200).end());
});

test.after.always(() => Promise.all([fake.close(), other.close()]));

const withHosts = (text: string): string => text.replaceAll("HOST", fake.host).replaceAll("OTHER", other.host);

test("every command is in the table", (t) => {
  t.deepEqual(Object.keys(WAITS), Object.keys(COMMANDS));
});

interface Run {
  readonly environment: CliEnvironment;
  /** Resolves with the text on the standard error once it matches. */
  said(what: RegExp): Promise<string>;
  readonly abort: AbortController;
}

function prepared(t: ExecutionContext): Run {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory.path, name), withHosts(text));
  const bin = join(directory.path, "bin");
  mkdirSync(bin);
  const helper = join(bin, "docker-credential-silent");
  writeFileSync(helper, "#!/bin/sh\nexec sleep 600\n");
  chmodSync(helper, 0o755);
  writeFileSync(join(bin, "config.json"), JSON.stringify({ credHelpers: { [other.host]: "silent" } }));
  const lists = join(bin, "tsbuild-manifests");
  mkdirSync(lists);
  writeFileSync(join(lists, `${encodeURIComponent(`${fake.host}/list`)}.json`), withHosts('[{"name": "HOST/app", "ref": "HOST/app"}]'));
  let text = "";
  let look = (): void => undefined;
  const stderr = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      text += Buffer.from(chunk).toString("utf8");
      look();
      done();
    },
  });
  const abort = new AbortController();
  return {
    abort,
    said: (what) =>
      new Promise((resolve) => {
        look = () => (what.test(text) ? resolve(text) : undefined);
        look();
      }),
    environment: {
      api: library(() => stderr),
      stdin: Readable.from([]),
      stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
      stderr,
      env: { PATH: `${bin}:${process.env["PATH"]}`, DOCKER_CONFIG: bin, TSBUILD_ROOT: join(directory.path, "store") },
      cwd: directory.path,
      program: ["tsbuild"],
      setVariable: () => undefined,
      signal: abort.signal,
      takeSignals: () => () => undefined,
      now: Date.now,
    },
  };
}

/** Makes the image that a command line works on. */
async function prepare(line: string, environment: CliEnvironment): Promise<number> {
  if (!line.includes("HOST/stored")) return 0;
  return runCli(["build", "-q", "-f", "scratch.Dockerfile", "-t", `${fake.host}/stored`, "."], environment);
}

for (const line of LINES) {
  test(`says what it waits for, and ends: ${line}`, async (t) => {
    const { environment, said, abort } = prepared(t);
    t.is(await prepare(line, environment), 0);
    const ended = runCli(withHosts(line).split(" "), environment);
    const expected = line.includes("OTHER") ? "docker-credential-silent" : fake.host;
    const waited = said(new RegExp(`waiting for ${expected}`));
    const first = await Promise.race([waited.then(() => "said"), ended]);
    abort.abort();
    const code = await ended;
    const text = await said(/^/);
    t.is(first, "said", text);
    t.is(code, 130, text);
    t.notRegex(text, /error\[internal\]/);
  });
}
