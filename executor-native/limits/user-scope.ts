import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

interface ScopeMachine {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  exists(path: string): boolean;
  /** Returns the groups of a process. */
  groupsOf(pid: number): string;
  wait(milliseconds: number): Promise<unknown>;
  /** Runs a program. Rejects when it fails. */
  run(program: string, args: readonly string[]): Promise<unknown>;
}

const THIS_MACHINE: ScopeMachine = {
  uid: process.geteuid?.() ?? 0,
  env: process.env,
  exists: existsSync,
  groupsOf: (pid) => readFileSync(`/proc/${pid}/cgroup`, "utf8"),
  wait: (milliseconds) => setTimeout(milliseconds),
  run: promisify(execFile),
};

/**
 * Moves a process into a scope of its own, whose groups its user may change: systemd's manager of
 * the user makes it. Returns false where there is none, as for root, who needs none.
 */
export async function startUserScope(pid: number, machine: ScopeMachine = THIS_MACHINE): Promise<boolean> {
  if (!hasUserManager(machine)) return false;
  const call = ["--user", "--quiet", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
  const unit = ["StartTransientUnit", "ssa(sv)a(sa(sv))", `tsbuild-${pid}.scope`, "fail"];
  const properties = ["3", "PIDs", "au", "1", String(pid), "Delegate", "b", "true", "Description", "s", "Steps of a build", "0"];
  try {
    await machine.run("busctl", [...call, ...unit, ...properties]);
    return await hasBegun(pid, machine);
  } catch {
    return false;
  }
}

/** Returns true where systemd's manager of this user runs; root needs none. */
export function hasUserManager({ uid, env, exists }: Pick<ScopeMachine, "uid" | "env" | "exists"> = THIS_MACHINE): boolean {
  return uid !== 0 && exists(`${env["XDG_RUNTIME_DIR"] ?? `/run/user/${uid}`}/systemd/private`);
}

/** Looks for the scope until the process is in it. The call above only begins a job. */
async function hasBegun(pid: number, machine: ScopeMachine): Promise<boolean> {
  for (let looks = 0; looks < 100; looks++) {
    if (machine.groupsOf(pid).includes(`/tsbuild-${pid}.scope`)) return true;
    await machine.wait(20);
  }
  return false;
}
