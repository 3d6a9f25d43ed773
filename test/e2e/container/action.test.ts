import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { type ContainerRun, runInContainer } from "../../support/container/container.js";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { removeTree } from "../../support/remove-tree.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// The action of examples/github-action where GitHub runs it: in a job's container as root or as
// another user, and on the runner as its user. None has tsbuild, so that the action installs it.

const DOCKERFILE = `FROM scratch AS base
COPY --chmod=755 busybox /bin/busybox
ARG GREETING
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox cat /run/secrets/token >/made; echo ::error::from a step"]
maintainer me
`.replace("RUN [", "RUN --mount=type=secret,id=token [");

interface Job {
  readonly run: ContainerRun;
  readonly outputs: string;
  readonly summary: string;
}

async function runAction(t: ExecutionContext, kind: ContainerKind, inputs: Readonly<Record<string, string>>): Promise<Job> {
  const volume = mkdtempSync(join(tmpdir(), "tsbuild-action-"));
  t.teardown(() => removeTree(volume));
  const at = (...names: readonly string[]) => join(volume, ...names);
  chmodSync(volume, 0o755);
  for (const name of ["workspace", "temp", "home", "bin"]) mkdirSync(at(name));
  writeFileSync(at("workspace/Dockerfile"), DOCKERFILE);
  copyFileSync(BUSYBOX as string, at("workspace/busybox"));
  const command = `exec ${process.execPath} ${CLI} "$@"`;
  const npm = `#!/bin/sh\necho "npm $*"\nwhile [ "$1" != --prefix ]; do shift; done\nmkdir -p "$2/node_modules/.bin"\ncd "$2/node_modules/.bin"\nprintf '#!/bin/sh\\n%s\\n' '${command}' >tsbuild\nchmod 755 tsbuild\n`;
  writeFileSync(at("bin/npm"), npm, { mode: 0o755 });
  for (const name of ["output", "summary"]) writeFileSync(at("temp", name), "");
  const { uid = 0, gid = 0 } = kind;
  for (const name of ["workspace", "temp", "home", "temp/output", "temp/summary"]) chownSync(at(name), uid, gid);
  const given = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
  const env = {
    ...given,
    PATH: `${at("bin")}:/usr/bin:/bin`,
    HOME: at("home"),
    RUNNER_TEMP: at("temp"),
    GITHUB_OUTPUT: at("temp/output"),
    GITHUB_STEP_SUMMARY: at("temp/summary"),
    GITHUB_WORKSPACE: at("workspace"),
  };
  const main = join(packageRoot(), "examples/github-action/main.mjs");
  const run = await runInContainer(kind, [process.execPath, main], { env, volumes: [volume], cwd: at("workspace") });
  return { run, outputs: readFileSync(at("temp/output"), "utf8"), summary: readFileSync(at("temp/summary"), "utf8") };
}

const run = requires(withoutContainer, notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined)).serial;

const PLACES: readonly (readonly [name: string, kind: ContainerKind, tier: RegExp | undefined])[] = [
  ["a job's container", containers.default, /isolation "chroot"/],
  ["the runner, as its user", { ...containers.unmasked, uid: 12_345, gid: 12_345 }, undefined],
  ["a container with another user", containers.user, /isolation "supervised"/],
];

for (const [name, kind, tier] of PLACES)
  run(`the action builds in ${name}`, async (t) => {
    const {
      run: job,
      outputs,
      summary,
    } = await runAction(t, kind, {
      context: ".",
      tags: "app:1\napp:2",
      "build-args": "GREETING=a=b,c",
      secrets: "token=s3cret",
      load: "true",
      version: "1.2.3",
    });
    const log = `${job.stdout}${job.stderr}`;
    t.is(job.code, 0, log);
    t.regex(log, /^npm install .* tsbuild@1\.2\.3$/m);
    if (tier) t.regex(log, tier);
    else t.notRegex(log, /isolation "/);
    t.notRegex(log, /s3cret/);
    t.regex(outputs, /^imageid<<(\S+)\nsha256:[0-9a-f]{64}\n\1\ndigest<<(\S+)\nsha256:[0-9a-f]{64}\n\2\nmetadata<<(\S+)\n\{[^]*\}\n\3\n$/);
    const [, end = ""] = /^::stop-commands::(\S+)$/m.exec(job.stdout) ?? [];
    const open = job.stdout.slice(job.stdout.indexOf(`\n::${end}::\n`));
    t.regex(open, /^::warning file=Dockerfile,line=5,endLine=5,col=1,endColumn=\d+,title=MaintainerDeprecated::/m);
    t.notRegex(open, /^::error/m);
    t.regex(summary, /^### Built: .*app:1, .*app:2/);
    t.regex(summary, /^\| Dockerfile:5 \| MaintainerDeprecated \| .+ \|$/m);
  });
