import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { TsbuildError } from "../../core/errors.js";
import { hostNetwork } from "../../executor-native/network/host-network.js";
import { isUnreachable, planNetwork } from "../../executor-native/network/plan.js";
import type { StackCommand } from "../../executor-native/network/stacks.js";
import { NETWORK_TASK } from "../../executor-native/network/step-network.js";
import { notInstalled, requires, withoutNamespaces, withoutProgram, withoutRoot } from "../support/requires.js";
import { BUSYBOX, SandboxRig } from "../support/rigs/sandbox-rig.js";
import { until } from "../support/until.js";

const needed = [withoutRoot, withoutNamespaces(), notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined)];
const withStacks = requires(...needed, withoutProgram("nsenter"), withoutProgram("ip"));

const directory = mkdtempSync(join(tmpdir(), "tsbuild-stacks-"));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const TABLES: Readonly<Record<string, string>> = {
  "/proc/net/route": [
    "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
    "eth0 00000000 0102000A 0003 0 0 0 00000000 0 0 0",
    "eth0 0002000A 00000000 0001 0 0 0 00FFFFFF 0 0 0",
  ].join("\n"),
  "/proc/net/ipv6_route": "00000000000000000000000000000000 00 00000000000000000000000000000000 00 0 ffffffff 1 0 00200200 lo\n",
  "/etc/resolv.conf": "search a.test b.test\n# no\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\n nameserver ::1\noptions edns0\n",
};

test("what the host has: routes, families, resolvers; addresses that it uses are not taken", (t) => {
  const host = hostNetwork((path) => TABLES[path] ?? "");
  t.deepEqual(host.families, { v4: true, v6: false });
  t.deepEqual(host.resolvers, ["127.0.0.53", "::1"]);
  t.deepEqual(host.resolverOptions, ["search a.test b.test", "options edns0"]);
  const plan = planNetwork(host, "fd00::");
  t.is(plan.resolver, "10.213.86.3", "the host is in 10.0.2.0/24");
  t.deepEqual(plan.addresses, ["10.213.86.100/24"]);
  t.true(plan.unreachable.includes("169.254.0.0/16"));
  t.true(plan.unreachable.every((prefix) => !prefix.includes(":")));
  t.deepEqual(planNetwork({ ...host, families: { v4: true, v6: true }, routes: [] }, "fd00::").gateways, ["10.0.2.2", "fd00::2"]);
});

const REACHABLE: Readonly<Record<string, boolean>> = {
  "192.0.2.1": true,
  "10.0.0.1": true,
  "2001:db8::1": true,
  "127.0.0.1": false,
  "127.255.0.1": false,
  "::1": false,
  "::ffff:127.0.0.1": false,
  "::ffff:192.0.2.1": true,
  "169.254.169.254": false,
  "64:ff9b::a9fe:a9fe": false,
  "100.100.100.200": false,
  "100.100.100.201": true,
  "168.63.129.16": false,
  "fd00:ec2::254": false,
  "fd20:ce::254": false,
  "web.example": true,
};

test("addresses that a step does not reach through a proxy either", (t) => {
  for (const [address, reachable] of Object.entries(REACHABLE)) t.is(!isUnreachable(address), reachable, address);
});

/** Returns a stack that is a script, and a word that its processes have in their command lines. */
function fakeStack(script: string): { readonly stack: StackCommand; readonly word: string } {
  const word = `stack-${randomBytes(6).toString("hex")}`;
  const path = join(directory, word);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const plan = planNetwork(
    hostNetwork((table) => TABLES[table] ?? ""),
    "fd00::",
  );
  return { stack: { name: "fake", command: [path, word], plan, resolvers: ["127.0.0.53"], limit: 400 }, word };
}

/** Makes a link as stacks do, and goes on. */
const LINK = "nsenter --net=/run/step-network ip link add tap0 type veth peer name tap1";

/** Returns the numbers of the processes whose command line begins and goes on like this. */
function processesWith(word: string, beginning = ""): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return line.startsWith(beginning) && line.includes(word);
    } catch {
      return false;
    }
  });
}

async function withWorker(action: (rig: SandboxRig) => Promise<void>): Promise<void> {
  const rig = await SandboxRig.open();
  try {
    await action(rig);
  } finally {
    await rig.close();
  }
}

const UNUSABLE: readonly (readonly [how: string, script: string, message: RegExp])[] = [
  ["ends", "echo out of luck >&2; exit 3", /^fake did not start \(exit code 3\): out of luck$/],
  ["is killed", "kill -9 $$", /^fake did not start \(SIGKILL\)$/],
  ["does nothing", "exec sleep 1000", /^fake did not start \(it made no link within 0\.4 s\)$/],
];

for (const [how, script, message] of UNUSABLE) {
  withStacks(`a stack that ${how} at its start is an error, and nothing of it stays`, async (t) => {
    await withWorker(async (rig) => {
      const { stack, word } = fakeStack(script);
      const error = await t.throwsAsync(rig.worker.task(NETWORK_TASK, stack), { instanceOf: TsbuildError });
      t.is(error.code, "exec/network");
      t.regex(error.message, message);
      t.true(await until(() => processesWith(word).length === 0));
    });
  });
}

withStacks("a stack sees neither the environment nor the files of who builds", async (t) => {
  await withWorker(async (rig) => {
    const { stack } = fakeStack(`(env; ls -A / /root /home /tmp ${directory} 2>&1) | tr '\\n' ' ' >&2; exit 1`);
    const error = await t.throwsAsync(rig.worker.task(NETWORK_TASK, stack), { instanceOf: TsbuildError });
    t.regex(error.message, /PATH=\S+/);
    t.notRegex(error.message, /HOME=|TSBUILD|\broot\b(?!')|stack-/);
  });
});

withStacks("when the stack dies, steps in its network end with that cause, and nothing stays", async (t) => {
  await withWorker(async (rig) => {
    const { stack, word } = fakeStack(`${LINK}; echo last words >&2; sleep 1000`);
    await rig.worker.task(NETWORK_TASK, stack);
    let ended: Promise<unknown> = Promise.resolve();
    await new Promise<void>((resolve) => {
      ended = rig.run("echo begun; sleep 1000", { network: "private", onOutput: () => resolve() });
    });
    const step = t.throwsAsync(ended, { instanceOf: TsbuildError });
    t.is((await rig.run("echo fine", { network: "none" })).out, "fine\n");
    for (const pid of processesWith(word, "/bin/sh")) process.kill(pid, "SIGKILL");
    const error = await step;
    t.is(error.code, "exec/network-gone");
    t.regex(error.message, /fake ended \(SIGKILL\): last words$/);
    await t.throwsAsync(rig.run("true", { network: "private" }), { instanceOf: TsbuildError, code: "exec/network-gone" });
    t.true(await until(() => processesWith(word).length === 0));
  });
});

withStacks("a stack ends with the worker", async (t) => {
  const { stack, word } = fakeStack(`${LINK}; sleep 1000`);
  await withWorker(async (rig) => {
    await rig.worker.task(NETWORK_TASK, stack);
    t.true(processesWith(word, "/bin/sh").length > 0);
  });
  t.true(await until(() => processesWith(word).length === 0));
});
