import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { packageRoot } from "../../core/package-root.js";
import { type OrdinaryUser, ordinaryUser, runAsUser, userWithoutIds, whoCanReach } from "../support/rigs/as-user.js";
import { runInContainer } from "../support/container/container.js";
import { containers } from "../support/container/containers.js";
import { notInstalled, reasonIn, requires, withoutContainer, withoutNamespaces, withoutProgram, withoutRoot } from "../support/requires.js";
import { BUSYBOX } from "../support/rigs/sandbox-rig.js";
import type { Report } from "./attempts.js";

const script = fileURLToPath(new URL("escape-main.js", import.meta.url));
const source = join(packageRoot(), "test/escape/program");
const missing = [notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined), withoutProgram("gcc")];

let directory: string;
let program: string;

test.before(() => {
  directory = mkdtempSync(join(tmpdir(), "tsbuild-escape-"));
  chmodSync(directory, 0o755);
  program = join(directory, "attempts");
  if (missing.some((reason) => reason !== undefined)) return;
  const sources = readdirSync(source).filter((name) => name.endsWith(".c"));
  const options = ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-pthread", "-o", program];
  const { status, stderr } = spawnSync("gcc", [...options, ...sources], { cwd: source, encoding: "utf8" });
  if (status !== 0) throw new Error(`The attempts cannot be compiled:\n${stderr}`);
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

function held(t: ExecutionContext, report: string, tiers: readonly string[]): void {
  const { tier, attempts, failures } = JSON.parse(report) as Report;
  t.deepEqual(failures, {});
  t.true(tiers.includes(tier), tier);
  t.true(attempts > 270, String(attempts));
}

async function runHere(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, program], {
    env: { ...process.env, ...env },
    maxBuffer: 64 << 20,
  });
  return stdout;
}

const withNamespaces = requires(...missing, withoutNamespaces()).serial;

withNamespaces("nothing gets out of a step", async (t) => {
  held(t, await runHere(), withoutRoot === undefined ? ["root", "subids"] : ["subids", "virtual"]);
});

withNamespaces("nothing gets out of a step with virtual owners", async (t) => {
  held(t, await runHere({ TSBUILD_OWNERSHIP: "virtual" }), ["root-virtual", "virtual"]);
});

requires(...missing, withoutRoot).serial("nothing gets out of a step without namespaces", async (t) => {
  held(t, await runHere({ TSBUILD_ISOLATION: "chroot" }), ["root"]);
});

requires(...missing, withoutContainer).serial("nothing gets out of a step without any privilege", async (t) => {
  const env = { TMPDIR: directory, TSBUILD_ISOLATION: "supervised" };
  chmodSync(directory, 0o777);
  const { stdout, stderr } = await runInContainer(containers.randomUser, [process.execPath, script, program], {
    volumes: [directory],
    env,
  });
  t.not(stdout, "", stderr);
  held(t, stdout, ["virtual"]);
});

/** Starts processes that end at once: the next number is none that a step has inside. */
const FURTHER = 'i=0; while [ $i -lt 300 ]; do (:); i=$((i+1)); done; "$0" "$@"; exit $?';

requires(...missing, withoutRoot, withoutNamespaces()).serial("nothing gets out of a step on copies of its layers", async (t) => {
  held(t, await runHere({ TSBUILD_TEST_ROOTS: "copied" }), ["root"]);
  held(t, await runHere({ TSBUILD_TEST_ROOTS: "copied", TSBUILD_OWNERSHIP: "virtual" }), ["root-virtual"]);
});

requires(...missing, withoutContainer).serial("nothing gets out of a step that sees the processes outside", async (t) => {
  const volumes = [directory];
  const env = { TMPDIR: directory };
  const { stdout, stderr } = await runInContainer(containers.unconfined, ["sh", "-c", FURTHER, process.execPath, script, program], {
    volumes,
    env,
  });
  t.not(stdout, "", stderr);
  held(t, stdout, ["root"]);
});

for (const [who, found, tier] of [
  ["an ordinary user with a range of ids", ordinaryUser(), "subids"],
  ["an ordinary user without one", userWithoutIds(), "virtual"],
] as const) {
  const user = whoCanReach(found, script);
  requires(...missing, reasonIn(user), withoutNamespaces()).serial(`nothing gets out of a step of ${who}`, async (t) => {
    held(t, await runAsUser(user as OrdinaryUser, script, program), [tier]);
  });
}
