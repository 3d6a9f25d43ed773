import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { chooseTier } from "../../executor-native/isolation/choose-tier.js";
import type { Tier } from "../../executor-native/tier.js";
import { type OrdinaryUser, ordinaryUser, runAsUser, userWithoutIds, whoCanReach } from "../support/rigs/as-user.js";
import { type ContainerKind, containers } from "../support/container/containers.js";
import { runInContainer } from "../support/container/container.js";
import { BUSYBOX, SandboxRig } from "../support/rigs/sandbox-rig.js";
import { CASES } from "./cases.js";
import { notInstalled, reasonIn, requires, withoutContainer, withoutNamespaces } from "../support/requires.js";

if (BUSYBOX === undefined) {
  requires(notInstalled("busybox-static"))("sandbox", (t) => t.fail());
} else {
  const lacking = withoutNamespaces();
  let rig: SandboxRig;
  test.before(async () => {
    if (lacking === undefined) rig = await SandboxRig.open();
  });
  test.after.always(async () => await rig?.close());
  for (const { name, run } of CASES) {
    requires(lacking).serial(name, async (t) => {
      await t.notThrowsAsync(run(rig));
    });
  }

  const script = fileURLToPath(new URL("cases-main.js", import.meta.url));
  for (const [who, findUser] of [
    ["an ordinary user with subordinate ids", ordinaryUser],
    ["a user without subordinate ids, whose owners are virtual", userWithoutIds],
  ] as const) {
    const user = whoCanReach(findUser(), script);
    requires(reasonIn(user), lacking).serial(`the same as ${who}`, async (t) => {
      t.deepEqual(JSON.parse(await runAsUser(user as OrdinaryUser, script)), {});
    });
  }

  const known = whoCanReach(ordinaryUser(), script);
  requires(reasonIn(known)).serial("an ordinary user whose set-id programs can do nothing has virtual owners", async (t) => {
    const { uid, gid } = known as OrdinaryUser;
    const as = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    const module = new URL("../../executor-native/id-map.js", import.meta.url);
    const ask = [process.execPath, "--input-type=module", "-e", `console.log((await import("${module.href}")).ownershipHere())`];
    const answers = [];
    for (const more of [[], ["--no-new-privs"]]) {
      answers.push((await promisify(execFile)("setpriv", [...as, ...more, ...ask], { env: { PATH: process.env.PATH }, cwd: "/" })).stdout);
    }
    t.deepEqual(answers, ["mapped\n", "virtual\n"]);
  });

  for (const [how, more] of [
    ["with virtual owners", { TSBUILD_OWNERSHIP: "virtual" }],
    ["on copies of layers", { TSBUILD_TEST_ROOTS: "copied" }],
    ["on copies of layers, with virtual owners", { TSBUILD_TEST_ROOTS: "copied", TSBUILD_OWNERSHIP: "virtual" }],
  ] as const) {
    requires(lacking).serial(`the same ${how}`, async (t) => {
      const env = { ...process.env, ...more };
      const { stdout } = await promisify(execFile)(process.execPath, [script], { env, maxBuffer: 64 << 20 });
      t.deepEqual(JSON.parse(stdout), {});
    });
  }

  const { tier: tierHere } = chooseTier("auto", tmpdir());
  if (tierHere !== "namespaces") {
    test.serial(`the same with isolation "${tierHere}", as steps have it here`, async (t) => {
      const env = { ...process.env, TSBUILD_ISOLATION: tierHere };
      const { stdout } = await promisify(execFile)(process.execPath, [script], { env, maxBuffer: 64 << 20 });
      t.deepEqual(JSON.parse(stdout), {});
    });
  }

  const inContainers: readonly (readonly [Tier, ContainerKind])[] = [
    ["chroot", containers.default],
    ["supervised", containers.randomUser],
  ];
  for (const [tier, kind] of inContainers) {
    requires(withoutContainer).serial(`the same with isolation "${tier}" in a container, but for what its page says`, async (t) => {
      const { code, stdout, stderr } = await runInContainer(kind, [process.execPath, script], { env: { TSBUILD_ISOLATION: tier } });
      t.is(code, 0, stderr);
      t.deepEqual(JSON.parse(stdout), {});
    });
  }

  test("what differs between tiers is in the tables of the page on the sandbox", (t) => {
    const page = readFileSync(join(packageRoot(), "docs/sandbox.md"), "utf8");
    const rows = new Set([...page.matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell));
    for (const row of CASES.flatMap(({ differs = {} }) => Object.values(differs))) t.true(rows.has(row), row);
  });
}
