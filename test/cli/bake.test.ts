import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { temporaryDirectory } from "../support/images/images.js";
import { type CliRun, runRig } from "../support/rigs/cli-rig.js";
import type { CliRigOptions } from "../support/rigs/fake-library.js";

/** Returns a runner of bake in a directory with these files. */
function project(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
): { readonly path: string; bake(...args: string[]): Promise<CliRun> } {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  mkdirSync(join(path, "app"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  const options = { cwd: path } satisfies CliRigOptions;
  return { path, bake: (...args) => runRig(["bake", ...args], options) };
}

const FULL = `
target "default" {
  context = "app"
  dockerfile = "build/Dockerfile"
  contexts = { src = "./src", alpine = "docker-image://alpine:3" }
  args = { A = "1" }
  labels = { l = "a=b" }
  annotations = ["index:a=b"]
  tags = ["app:1", "app:2"]
  target = "out"
  platforms = ["linux/amd64", "linux/arm64"]
  output = ["type=oci,dest=out.tar"]
  cache-from = ["type=registry,ref=example.com/c", "type=local,src=cache"]
  cache-to = [{ type = "local", dest = "cache" }]
  secret = [{ id = "token", env = "TOKEN" }]
  ssh = [{ id = "default", paths = ["key"] }]
  no-cache-filter = ["test"]
  network = "none"
  shm-size = "64m"
  ulimits = ["nofile=10:20"]
  resources = ["memory=2g", "cpu-quota=50000"]
  extra-hosts = { host = "10.0.0.1" }
  pull = true
}
`;

test("bake: a target has the options of a build", async (t) => {
  const { path, bake } = project(t, { "docker-bake.hcl": FULL });
  const { code, builds, stderr } = await bake();
  t.is(code, 0, stderr);
  const inside = (name: string) => join(path, name);
  t.like(builds[0], {
    context: inside("app"),
    dockerfile: inside("app/build/Dockerfile"),
    buildContexts: { src: "./src", alpine: "docker-image://alpine:3" },
    buildArgs: { A: "1" },
    labels: { l: "a=b" },
    annotations: { "index:a": "b" },
    tags: ["app:1", "app:2"],
    target: "out",
    platforms: ["linux/amd64", "linux/arm64"],
    secrets: { token: { env: "TOKEN" } },
    ssh: { default: { keys: [inside("key")] } },
    noCacheFilter: ["test"],
    network: "none",
    shmSize: 64 * 1024 * 1024,
    ulimits: ["nofile=10:20"],
    resources: ["memory=2g", "cpu-quota=50000"],
    addHosts: ["host:10.0.0.1"],
    pull: true,
  });
  t.deepEqual(builds[0]?.outputs, [{ type: "oci", dest: inside("out.tar") }]);
  t.is(builds[0]?.cacheFrom?.length, 2);
  t.is(builds[0]?.cacheTo?.length, 1);
});

test("bake: a Dockerfile in the file, and results without outputs", async (t) => {
  const { bake } = project(t, {
    "docker-bake.json": JSON.stringify({
      group: { default: { targets: ["a", "long"] } },
      target: { a: { "dockerfile-inline": "FROM scratch" }, long: {} },
    }),
  });
  const { code, builds, stdout } = await bake("--var", "X=1");
  t.is(code, 0);
  t.deepEqual(builds[0]?.dockerfile, { text: "FROM scratch", name: "Dockerfile" });
  t.regex(stdout, /^a {5}sha256:\w{64}\nlong {2}sha256:\w{64}\n$/);
});

test("bake: the definition is printed, and lists", async (t) => {
  const { bake } = project(t, {
    "docker-bake.hcl":
      'variable "V" {\n  type = number\n  default = 1\n}\ntarget "default" {\n  description = "The app"\n  args = { V = V }\n}\n',
  });
  const printed = await bake("--print", "--set", "default.tags=x", "--var", "V=2");
  t.deepEqual(JSON.parse(printed.stdout).target.default, {
    description: "The app",
    context: ".",
    dockerfile: "Dockerfile",
    args: { V: "2" },
    tags: ["x"],
  });
  t.is(printed.builds.length, 0);
  t.is((await bake("--list=targets")).stdout, "TARGET    DESCRIPTION\ndefault   The app\n");
  t.is((await bake("--list", "variables")).stdout, "VARIABLE   TYPE     VALUE   DESCRIPTION\nV          number   1       \n");
  t.deepEqual(JSON.parse((await bake("--list=type=variables,format=json")).stdout), [{ name: "V", type: "number", value: "1" }]);
});

/** Files that ask for something, with the flag that allows it. */
const ASKED: readonly (readonly [attributes: string, flag: string])[] = [
  ['network = "host"', "--allow=network.host"],
  ['entitlements = ["security.insecure"]', "--allow=security.insecure"],
  ['context = ".."', "--allow=fs.read=.."],
  ['context = "link"', "--allow=fs.read=link"],
  ['dockerfile = "../Dockerfile"', "--allow=fs.read=../Dockerfile"],
  ['contexts = { a = "/etc" }', "--allow=fs.read=/etc"],
  ['secret = ["id=s,src=/etc/passwd"]', "--allow=fs.read=/etc/passwd"],
  ['cache-from = ["type=local,src=../c"]', "--allow=fs.read=../c"],
  ['output = ["type=local,dest=../out"]', "--allow=fs.write=../out"],
  ['cache-to = ["type=local,dest=/c"]', "--allow=fs.write=/c"],
  ['ssh = [{ id = "default", paths = ["../key"] }]', "--allow=fs.read=../key"],
];

for (const [attributes, flag] of ASKED) {
  test(`bake: not without leave: ${attributes}`, async (t) => {
    const { path, bake } = project(t, { "docker-bake.hcl": `target "default" { ${attributes} }` });
    symlinkSync("/usr", join(path, "link"));
    const refused = await bake();
    t.is(refused.code, 2);
    t.true(refused.stderr.includes("error[bake/not-allowed]"), refused.stderr);
    t.true(refused.stderr.includes(`allow it with ${flag}`), refused.stderr);
    t.is(refused.builds.length, 0);
    const allowed = await bake(flag);
    t.is(allowed.code, 0, allowed.stderr);
    t.is(allowed.builds.length, 1);
  });
}

test("bake: at a terminal it is asked, and the file draws nothing over the question", async (t) => {
  const { path } = project(t, { "docker-bake.hcl": 'target "default" {\n  network = "host"\n  secret = ["id=s,src=/x\\u001b[2Ay"]\n}\n' });
  const yes = await runRig(["bake"], { cwd: path, tty: true, stdin: "y\n" });
  t.is(yes.code, 0, yes.stderr);
  t.is(yes.builds.length, 1);
  t.regex(yes.stderr, /the network of this machine {2}\(--allow=network\.host\)\n/);
  t.true(yes.stderr.includes("reading /x\\x1b[2Ay"), yes.stderr);
  for (const stdin of ["n\n", "\n", ""]) {
    const no = await runRig(["bake"], { cwd: path, tty: true, stdin });
    t.is(no.code, 2);
    t.is(no.builds.length, 0);
  }
});

test("bake: a path of --set is allowed by who types it", async (t) => {
  const { bake } = project(t, { "docker-bake.hcl": 'target "default" {}' });
  t.is((await bake("--set", "*.output=type=local,dest=../out")).code, 0);
  t.is((await bake("--set", "*.context=..")).code, 0);
});

const REFUSED: readonly (readonly [name: string, files: Readonly<Record<string, string>>, args: readonly string[], code: string])[] = [
  ["no file", {}, [], "bake/no-file"],
  ["a missing file", {}, ["-f", "other.hcl"], "bake/no-file"],
  ["no target", { "docker-bake.hcl": 'target "app" {}' }, [], "bake/no-target"],
  ["an attestation", { "docker-bake.hcl": 'target "default" { attest = ["type=scan"] }' }, [], "cli/bad-value"],
  ["a list of nothing", { "docker-bake.hcl": "" }, ["--list=things"], "cli/bad-value"],
  ["print and list", { "docker-bake.hcl": "" }, ["--list=targets", "--print"], "cli/usage"],
  ["a variable without a value", { "docker-bake.hcl": "" }, ["--var", "A"], "cli/bad-value"],
  ["a right that there is not", { "docker-bake.hcl": 'target "default" {}' }, ["--allow=everything"], "cli/bad-value"],
  ["a context from the standard input", { "docker-bake.hcl": 'target "default" { context = "-" }' }, [], "bake/value"],
];

for (const [name, files, args, code] of REFUSED) {
  test(`bake: refused: ${name}`, async (t) => {
    const { bake } = project(t, files);
    const run = await bake(...args);
    t.is(run.code, 2, run.stderr);
    t.true(run.stderr.includes(`error[${code}]`), run.stderr);
    t.is(run.builds.length, 0);
  });
}
