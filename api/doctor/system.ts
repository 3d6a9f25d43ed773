import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { release, userInfo } from "node:os";
import { TsbuildError } from "../../core/errors.js";
import { nodeCommand } from "../../core/node-command.js";
import { helperPath } from "../../executor-native/helper-path.js";
import { firstFreeId } from "../../executor-native/id-map.js";
import { lgetxattr } from "../../core/system/posix.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { programPath } from "../../executor-native/program-path.js";
import { check, textOf } from "./check.js";

type Env = Readonly<Record<string, string | undefined>>;

/** Oldest versions that work, see package.json and docs/sandbox.md. */
const NODE = [20, 15] as const;
const LINUX = [5, 12] as const;

/** Checks installed programs: Node, the kernel, our helper, the tools beside it. */
export function systemChecks(env: Env): readonly DoctorCheck[] {
  return [node(), kernel(), helper(), ...idTools(env), ...ranges(), git(env)];
}

function node(): DoctorCheck {
  const version = process.versions.node;
  const ok = atLeast(version, NODE);
  return check("node", "Node", {
    status: ok ? "ok" : "missing",
    found: `${version} at ${nodeCommand().at(-1)}`,
    fix: ok ? undefined : `Install Node ${NODE.join(".")} or later (https://nodejs.org)`,
  });
}

function kernel(): DoctorCheck {
  const ok = process.platform === "linux" && atLeast(release(), LINUX);
  return check("kernel", "Kernel", {
    // Distributions backport features: the checks below decide.
    status: ok ? "ok" : "warning",
    found: `${process.platform} ${release()}`,
    fix: ok ? undefined : `Steps need Linux, ${LINUX.join(".")} or later`,
  });
}

function helper(): DoctorCheck {
  try {
    return check("helper", "Sandbox program", { found: helperPath() });
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    return check("helper", "Sandbox program", { status: "missing", found: error.message, fix: error.hint });
  }
}

const GET_ID_TOOLS = "Debian, Ubuntu: apt-get install uidmap; Fedora, RHEL: dnf install shadow-utils; Alpine: apk add shadow-uidmap";

function idTools(env: Env): readonly DoctorCheck[] {
  if (isRoot()) return [];
  return ["newuidmap", "newgidmap"].map((name) => {
    const title = `Program ${name}`;
    const path = programPath(name, env["PATH"]);
    if (path === undefined) return check(name, title, { status: "warning", found: "it is not in PATH", fix: GET_ID_TOOLS });
    const stat = statSync(path);
    if (stat.uid === 0 && stat.mode & 0o4000) return check(name, title, { found: `${path}, setuid root` });
    if (hasCapabilities(path)) return check(name, title, { found: `${path}, with file capabilities` });
    return check(name, title, {
      status: "warning",
      found: `${path} may not map ids: it is neither setuid root nor has it file capabilities`,
      controlledBy: [path],
      fix: `As root: chown root ${path} && chmod u+s ${path}, or install it again (${GET_ID_TOOLS})`,
    });
  });
}

function hasCapabilities(path: string): boolean {
  try {
    return lgetxattr(path, "security.capability") !== undefined;
  } catch {
    return false;
  }
}

/** Checks the id ranges of an ordinary user. Root needs none. */
function ranges(): readonly DoctorCheck[] {
  if (isRoot()) return [];
  const uid = process.getuid?.() ?? 0;
  const free = firstFreeId(textOf("/etc/subuid") ?? "", textOf("/etc/subgid") ?? "");
  const wanted = `${free}-${free + 65_535}`;
  return ["/etc/subuid", "/etc/subgid"].map((file) => {
    const lines = (textOf(file) ?? "").split("\n").filter((line) => [userName(), String(uid)].includes(line.split(":")[0] ?? ""));
    const count = lines.reduce((sum, line) => sum + (Number(line.split(":")[2]) || 0), 0);
    const enough = count >= 65_536;
    return check(file === "/etc/subuid" ? "subuid" : "subgid", `Subordinate ids in ${file}`, {
      status: enough ? "ok" : "warning",
      found: lines.length === 0 ? `none for ${userName()}` : `${lines.join(", ")}${enough ? "" : ` (${count} of 65536 ids)`}`,
      controlledBy: [file],
      fix: enough ? undefined : `As root: usermod --add-subuids ${wanted} --add-subgids ${wanted} ${userName()}`,
    });
  });
}

/** Checks for git, which only contexts and ADD of Git repositories need. */
function git(env: Env): DoctorCheck {
  const path = programPath("git", env["PATH"]);
  if (path === undefined) {
    return check("git", "Git", {
      status: "warning",
      found: "it is not in PATH: Git repositories cannot be built from",
      fix: "Debian, Ubuntu: apt-get install git; Fedora: dnf install git; Alpine: apk add git",
    });
  }
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  return check("git", "Git", { found: `${(stdout ?? "").trim()} at ${path}` });
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** Returns the user's name, or the number of a user without an entry in /etc/passwd. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.geteuid?.() ?? "");
  }
}

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}
