import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { runRig } from "../../support/rigs/cli-rig.js";
import { IMAGE_ID } from "../../support/rigs/fake-library.js";

const { safeLoadAll } = createRequire(import.meta.url)("js-yaml") as { readonly safeLoadAll: (text: string) => readonly unknown[] };

const ACTION = join(packageRoot(), "examples", "github-action");
const COMPONENT = join(packageRoot(), "examples", "gitlab-component", "templates", "build.yml");

/** Inputs of docker/build-push-action, version 6. */
const INPUTS =
  "add-hosts allow annotations attests build-args build-contexts builder cache-from cache-to call cgroup-parent context file github-token labels load network no-cache no-cache-filters outputs platforms provenance pull push sbom secret-envs secret-files secrets shm-size ssh tags target ulimit";

interface Job {
  readonly code: number | null;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Runs the action as the runner does: inputs in variables, files for outputs and the summary. */
function runJob(t: ExecutionContext, inputs: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>, echo = false): Job {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const path = (name: string): string => join(directory.path, name);
  for (const name of ["workspace", "bin", "temp"]) mkdirSync(path(name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path("workspace"), name), text);
  for (const name of ["output", "summary"]) writeFileSync(path(name), "");
  const command = join(packageRoot(), "dist", "cli.cjs");
  writeFileSync(
    path("bin/tsbuild"),
    echo ? '#!/bin/sh\n[ "$1" = build ] || exit 1\nprintf "%s\\n" "$@"\n' : `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`,
  );
  chmodSync(path("bin/tsbuild"), 0o755);
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ACTION, "main.mjs")], {
    cwd: path("workspace"),
    encoding: "utf8",
    env: {
      ...Object.fromEntries(given),
      PATH: `${path("bin")}:/usr/bin:/bin`,
      HOME: path("temp"),
      TSBUILD_ROOT: path("temp/store"),
      RUNNER_TEMP: path("temp"),
      GITHUB_OUTPUT: path("output"),
      GITHUB_STEP_SUMMARY: path("summary"),
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_REPOSITORY: "me/app",
      GITHUB_REF: "refs/heads/main",
      GITHUB_SHA: "0123456789012345678901234567890123456789",
    },
  });
  const outputs = [...readFileSync(path("output"), "utf8").matchAll(/^([\w-]+)<<(\S+)\n(.*?)\n\2$/gms)];
  return {
    code: status,
    log: `${stdout}${stderr}`,
    outputs: Object.fromEntries(outputs.map(([, name = "", , value = ""]) => [name, value])),
    summary: readFileSync(path("summary"), "utf8"),
  };
}

/** Returns the commands of a log that the runner obeys, outside of what the action shields. */
function commandsOf(log: string): readonly string[] {
  let stopped: string | undefined;
  return log.split("\n").filter((line) => {
    const [, command, value] = /^::([\w-]+)(?: [^:]*)?::(.*)$/.exec(line) ?? [];
    if (command === undefined) return false;
    if (stopped !== undefined) {
      if (command === stopped) stopped = undefined;
      return false;
    }
    if (command === "stop-commands") stopped = value;
    return command !== "stop-commands";
  });
}

test("the action has the inputs and outputs of docker's", (t) => {
  const [action] = safeLoadAll(readFileSync(join(ACTION, "action.yml"), "utf8")) as [
    { readonly inputs: object; readonly outputs: object; readonly runs: { readonly main: string } },
  ];
  t.deepEqual(
    INPUTS.split(" ").filter((name) => !Object.hasOwn(action.inputs, name)),
    [],
  );
  t.deepEqual(Object.keys(action.outputs), ["imageid", "digest", "metadata"]);
});

test("the action's command line is what the inputs say", async (t) => {
  const { log } = runJob(
    t,
    {
      "build-args": 'A=1\nB=x,"y"\n',
      tags: "a:1,b:2\nc:3",
      platforms: "linux/amd64,linux/arm64",
      "cache-from": "type=gha",
      push: "true",
      pull: "false",
      "no-cache": "true",
      target: "out",
      secrets: 'token=s3cret\n"multi=one\ntwo"',
      "secret-envs": "npm=NPM_TOKEN",
      "secret-files": "key=./id,rsa",
      "github-token": "gh",
      labels: "org.x=a, b",
      provenance: "false",
    },
    {},
    true,
  );
  const args = log.split("\n").filter((line) => line !== "" && !line.startsWith("::"));
  const shown = args.map((line) => line.replace(/(src|file|report=\w+)=\/\S+$/, "$1=FILE"));
  t.deepEqual(shown.slice(shown.indexOf("build")), [
    "build",
    "--build-arg=A=1",
    '--build-arg=B=x,"y"',
    "--cache-from=type=gha",
    "--label=org.x=a, b",
    "--platform=linux/amd64",
    "--platform=linux/arm64",
    "--tag=a:1",
    "--tag=b:2",
    "--tag=c:3",
    "--provenance=false",
    "--target=out",
    "--no-cache",
    "--push",
    "--secret=id=token,src=FILE",
    "--secret=id=multi,src=FILE",
    "--secret=id=GIT_AUTH_TOKEN,src=FILE",
    "--secret=id=npm,env=NPM_TOKEN",
    '--secret=id=key,"src=./id,rsa"',
    "--report=github=FILE",
    "--report=codequality=FILE",
    "--progress=plain",
    "--metadata-file=FILE",
    "--",
    "https://github.example/me/app.git#0123456789012345678901234567890123456789",
  ]);
  t.notRegex(log, /s3cret/);
});

test("the action builds: outputs, an annotation for a warning, a summary with times and reasons", (t) => {
  const { code, log, outputs, summary } = runJob(
    t,
    { context: ".", tags: "app:1", outputs: "type=oci,dest=app.tar" },
    { Dockerfile: "FROM scratch as Base\nCOPY a /a\nLABEL x=y\n", a: "a" },
  );
  t.is(code, 0, log);
  t.regex(outputs["imageid"] ?? "", /^sha256:[0-9a-f]{64}$/);
  t.regex(outputs["digest"] ?? "", /^sha256:[0-9a-f]{64}$/);
  t.is((JSON.parse(outputs["metadata"] ?? "{}") as Record<string, unknown>)["containerimage.digest"], outputs["digest"]);
  const commands = commandsOf(log);
  t.true(
    commands.some((line) => /^::warning file=Dockerfile,line=1,endLine=1,col=\d+,endColumn=\d+,title=[A-Za-z]+::/.test(line)),
    log,
  );
  t.true(
    commands.every((line) => line.startsWith("::warning ")),
    commands.join("\n"),
  );
  t.regex(summary, /^### Built: .*app:1\n\n\d+ steps, /);
  t.regex(summary, /^\| \d+ \| .*COPY a \/a.* \| completed \| \d+\.\d+s \| .+ \|$/m);
});

test("the action fails with the build: an error on its line, no outputs", (t) => {
  const { code, log, outputs, summary } = runJob(t, { context: "." }, { Dockerfile: "FROM scratch\nCOPY missing /\n" });
  t.is(code, 1, log);
  t.deepEqual(outputs, {});
  t.true(
    commandsOf(log).some((line) => line.startsWith("::error file=Dockerfile,line=2,endLine=2,")),
    log,
  );
  t.regex(summary, /^### Failed: /);
});

test("text of a build cannot give the runner commands", (t) => {
  const { log } = runJob(
    t,
    { context: "." },
    { Dockerfile: "FROM scratch\nCOPY <<A /a\n::error::x\nA\nLABEL a=\"\\n::error::y\"\nCOPY $'\\n::error::z' /\n" },
  );
  t.true(
    commandsOf(log).every((line) => /^::(error|warning) (file|title)=/.test(line)),
    log,
  );
});

test("GitLab's component: inputs that are there, commands that are understood, the report that is an artifact", async (t) => {
  const [spec, jobs] = safeLoadAll(readFileSync(COMPONENT, "utf8")) as [
    { readonly spec: { readonly inputs: Readonly<Record<string, { readonly default?: unknown }>> } },
    {
      readonly tsbuild: { readonly script: readonly string[]; readonly artifacts: { readonly reports: { readonly codequality: string } } };
    },
  ];
  const text = readFileSync(COMPONENT, "utf8");
  const used = new Set([...text.matchAll(/\$\[\[ inputs\.(\w+) \]\]/g)].map(([, name]) => name as string));
  t.deepEqual([...used].sort(), Object.keys(spec.spec.inputs).sort());
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const filled = (jobs.tsbuild.script[0] ?? "").replaceAll(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) =>
    String(spec.spec.inputs[name]?.default),
  );
  const words = [...filled.replaceAll("$TSBUILD_PUSH", "false").matchAll(/"([^"]*)"|(\S+)/g)].map(([word]) => word.replaceAll('"', ""));
  const { code, stderr } = await runRig(words.slice(1), { cwd: directory.path });
  t.is(code, 0, stderr);
  t.is(readFileSync(join(directory.path, jobs.tsbuild.artifacts.reports.codequality), "utf8"), "[]\n");
});

test("a report of code quality has the members that GitLab documents", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const source = { name: "app/Dockerfile", text: "FROM a\nRUN b\nRUN b\n" };
  const at = (line: number) => ({ start: 0, end: 1, line, column: 1, endLine: line, endColumn: 6 });
  const warning = (line: number) =>
    ({ severity: "warning", code: "lint/x", rule: "Rule", message: "it is odd", hint: "fix it", source, range: at(line) }) as const;
  const run = await runRig(["--report=codequality=r.json", "--report", "github=-", "-o", "type=cacheonly", "."], {
    cwd: directory.path,
    build: (_, emit) => {
      for (const line of [2, 3]) emit({ type: "warning", diagnostic: warning(line) });
      return Promise.resolve({
        imageId: IMAGE_ID,
        descriptor: undefined,
        exports: [],
        warnings: [warning(2), warning(3)],
        stats: { steps: 0, executed: 0, cached: 0, duration: 0 },
      });
    },
  });
  t.is(run.code, 0, run.stderr);
  const issues = JSON.parse(readFileSync(join(directory.path, "r.json"), "utf8")) as readonly Record<string, unknown>[];
  t.like(issues[0], {
    description: "it is odd (fix it)",
    check_name: "Rule",
    severity: "minor",
    location: { path: "app/Dockerfile", lines: { begin: 2, end: 2 } },
  });
  t.is(new Set(issues.map(({ fingerprint }) => fingerprint)).size, 2);
  t.is(
    run.stdout,
    [2, 3]
      .map((line) => `::warning file=app/Dockerfile,line=${line},endLine=${line},col=1,endColumn=6,title=Rule::it is odd%0Afix it\n`)
      .join(""),
  );
});
