import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { helperPath } from "../../executor-native/helper-path.js";
import { hostNetwork } from "../../executor-native/network/host-network.js";
import { canOpenTun, findStacks } from "../../executor-native/network/stacks.js";
import { NETWORK_TASK } from "../../executor-native/network/step-network.js";
import { metadata, type RunOptions, type SandboxRig } from "../support/rigs/sandbox-rig.js";
import type { Row } from "./row.js";
import { exchanged, files, supervised } from "./rows/files.js";
import { calls, mounts, namespaces, settings } from "./rows/kernel.js";
import { devices, network, networkNone, networkPrivate, networkProxy, nodes, proc, processes } from "./rows/machine.js";
import { WITHOUT_NAMESPACES } from "./rows/without-namespaces.js";
import { WITHOUT_PRIVILEGES } from "./rows/without-privileges.js";
import { devicesLent, servicesLent } from "./lent.js";
import { proxied, withProxy } from "./proxied.js";
import { steps } from "./steps.js";
import type { Tier } from "../../executor-native/tier.js";
import { type Outcome, outcomesIn, type Situation, tierHere } from "./tiers.js";

export const rows: readonly Row[] = [
  ...devices,
  ...files,
  ...calls,
  ...mounts,
  ...namespaces,
  ...network,
  ...processes,
  ...proc,
  ...settings,
  ...supervised,
  ...exchanged,
];

/** Outcomes that differ in a tier from the usual ones. */
const OUTCOMES: Readonly<Record<Tier, Readonly<Record<string, Outcome>>>> = {
  namespaces: {},
  chroot: WITHOUT_NAMESPACES,
  supervised: WITHOUT_PRIVILEGES,
};

export interface Report {
  readonly tier: string;
  readonly attempts: number;
  /** Attempts that ended otherwise than they must, with how, and what changed outside. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Settings of the machine that no step may change, as they are. */
const SETTINGS = ["kernel/core_pattern", "kernel/modprobe", "kernel/randomize_va_space", "net/ipv4/ip_forward", "kernel/keys/maxkeys"];

/** Returns the state of the machine that attempts must not change. */
function outside(file: string, pid: number): string[] {
  const nodes = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`).filter((path) => existsSync(path));
  const values = SETTINGS.map((name) => `/proc/sys/${name}`).filter((path) => existsSync(path));
  return [
    ...[...nodes, helperPath(), file].map(metadata),
    ...values.map((path) => `${path} ${readFileSync(path, "utf8")}`),
    `content ${readFileSync(file, "utf8")}`,
    `beside ${readdirSync(join(file, "..")).join(" ")}`,
    `/proc/version ${(({ mode, uid, gid, mtimeMs }) => [mode, uid, gid, mtimeMs].join(" "))(statSync("/proc/version"))}`,
    `host name ${hostname()}`,
    `lo ${existsSync("/sys/class/net/lo") ? readFileSync("/sys/class/net/lo/flags", "utf8") : ""}`,
    `process ${/^State:\s+\w/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[0].includes("Z") === false}`,
    `size ${statSync(helperPath()).size}`,
  ];
}

/** Makes all attempts as whoever runs this. `program` is test/escape/program, compiled. */
export async function makeAttempts(rig: SandboxRig, program: string): Promise<Report> {
  const tier = tierHere();
  const { worker } = rig;
  const situation: Situation = { tier, outerProc: rig.worker.outerProc };
  const failures: Record<string, string> = {};
  const check = (name: string, how: string, got: string, usual: readonly string[]): void => {
    const other = OUTCOMES[rig.worker.tier][name];
    const expected = other === undefined ? usual : [other].flat();
    if (!expected.includes(got)) failures[name] = `${how}: "${got}" instead of "${expected.join('" or "')}"`;
  };
  const file = join(rig.directory("outside"), "file");
  writeFileSync(file, "outside");
  copyFileSync(program, join(rig.rootfs, "bin/attempts"));
  const machine = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    const line = await firstLine(machine);
    const [shm, abstract, port, pid] = line.split(" ") as [string, string, string, string];
    const namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"].map((name) => readlinkSync(`/proc/self/ns/${name}`)).join(" ");
    const args = ["/bin/attempts", file, helperPath(), shm, abstract, namespaces, port, pid];
    const before = outside(file, Number(pid));

    const all = async (options: RunOptions, ...more: readonly string[]): Promise<ReadonlyMap<string, string>> => {
      const { exit, out, err } = await rig.run([...args, ...more], options);
      if (!("code" in exit) || exit.code !== 0) throw new Error(`The attempts did not end well: ${JSON.stringify(exit)} ${err}`);
      return new Map(out.split("\n").map((line) => line.split("\t") as [string, string]));
    };
    const shared = await all({});
    for (const [name, how, expected] of rows) check(name, how, shared.get(name) ?? "it was not made", outcomesIn(situation, expected));
    for (const name of shared.keys()) if (name !== "" && !rows.some(([known]) => known === name)) failures[name] = "it is in no table";
    const made = await all({}, "nodes");
    for (const [name, how, expected] of nodes) check(name, how, made.get(name) ?? "it was not made", outcomesIn(situation, expected));
    const own = await all({ network: "none" });
    for (const [name, how, expected] of networkNone) {
      check(`${name} without a network`, how, own.get(name) ?? "it was not made", outcomesIn(situation, expected));
    }
    const inStack = (await startStack(rig)) ? await all({ network: "private" }) : undefined;
    for (const [name, how, expected] of inStack ? networkPrivate : []) {
      check(`${name} in a network of its own`, how, inStack?.get(name) ?? "it was not made", outcomesIn(situation, expected));
    }
    await withProxy(rig, async (proxy) => {
      const behind = worker.tier === "namespaces" ? await all({ network: "proxy", proxy: proxy.place }) : undefined;
      for (const [name, how, expected] of behind ? networkProxy : [])
        check(`${name} behind a proxy`, how, behind?.get(name) ?? "it was not made", outcomesIn(situation, expected));
      for (const { name, text, answer } of proxied)
        check(name, "through the proxy of a step", await proxy.ask(text.replaceAll("@", port)), [
          worker.tier === "namespaces" ? answer : "exec/network",
        ]);
    });
    for (const { name, attempt, expected } of [...steps, ...devicesLent, ...(inStack ? servicesLent : [])])
      check(name, "a step", await attempt(rig, file, program), outcomesIn(situation, expected));

    const after = outside(file, Number(pid));
    before.forEach((value, index) => check(`outside: ${value.split(" ")[0]}`, "afterwards", after[index] as string, [value]));
    return {
      tier,
      attempts: rows.length + nodes.length + networkNone.length + proxied.length + steps.length + devicesLent.length,
      failures,
    };
  } finally {
    machine.stdin.end();
    await new Promise((resolve) => machine.once("close", resolve));
  }
}

/** Starts the network of a build's steps; false where this user can have none. */
async function startStack({ worker }: SandboxRig): Promise<boolean> {
  const [stack] = findStacks(process.env, hostNetwork());
  if (worker.tier !== "namespaces" || !canOpenTun() || !stack) return false;
  await worker.task(NETWORK_TASK, stack.command);
  return true;
}

async function firstLine(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }): Promise<string> {
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error("The process outside ended at once");
}
