import { spawnSync } from "node:child_process";
import { userInfo } from "node:os";
import test, { type ExecutionContext } from "ava";
import { canOpenTun } from "../../executor-native/network/stacks.js";
import { probe } from "../../executor-native/probe.js";

/** Declares a test that this machine may not be able to run. */
export interface Declare {
  (title: string, body: (t: ExecutionContext) => unknown): void;
  readonly serial: (title: string, body: (t: ExecutionContext) => unknown) => void;
}

/**
 * Declares tests that need something. With a reason they are skipped, and the title has the reason,
 * so that the runner can list them: `NAME (skipped: REASON)`. A test that could not run never
 * counts as passed.
 */
export function requires(...reasons: readonly (string | undefined)[]): Declare {
  const reason = reasons.find((one) => one !== undefined);
  if (reason === undefined) return Object.assign(declare(test), { serial: declare(test.serial) });
  const skipped: Declare["serial"] = (title, body) => test.skip(skippedTitle(title, reason), async (t) => void (await body(t)));
  return Object.assign(skipped, { serial: skipped });
}

/**
 * Declares tests of a feature of this Node, and nothing without it. Note that nothing is skipped
 * then, because no machine could run them with this Node: CI runs the versions side by side.
 */
export function withThisNode(has: boolean): Declare {
  const nothing: Declare["serial"] = () => undefined;
  return has ? requires() : Object.assign(nothing, { serial: nothing });
}

function declare(how: typeof test | typeof test.serial): Declare["serial"] {
  return (title, body) => how(title, async (t) => void (await body(t)));
}

function skippedTitle(title: string, reason: string): string {
  return `${title} (skipped: ${reason})`;
}

/** Returns the reason where this user has no name, which some programs ask for, as OpenSSH's. */
export function withoutName(): string | undefined {
  try {
    return userInfo().username === "" ? "this user has no name" : undefined;
  } catch {
    return "this user has no entry in /etc/passwd";
  }
}

/** The reason why tests that need root are skipped; undefined as root. */
export const withoutRoot: string | undefined = process.geteuid?.() === 0 ? undefined : "needs root";

/** The reason why tests that need another user than root are skipped; undefined as such a user. */
export const withoutOrdinaryUser: string | undefined = withoutRoot === undefined ? "needs an ordinary user" : undefined;

/** The reason where no Docker Engine with buildx is named. */
export const NO_BUILDX = "DOCKER_HOST names no engine, or its client lacks buildx";

/** The reason where no Docker Engine is named whose BuildKit could build. */
export const NO_ENGINE = "DOCKER_HOST names no engine";

/** Returns the reason for a package that is not installed; undefined stays undefined. */
export function notInstalled(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `${name} is not installed`;
}

/** Returns the reason when a program cannot be started. */
export function withoutProgram(name: string): string | undefined {
  return spawnSync(name, ["--version"], { stdio: "ignore" }).error ? notInstalled(name) : undefined;
}

/** The reason where root may not mount, as in a container. */
export const withoutMounts: string | undefined =
  withoutRoot ?? (spawnSync("unshare", ["--mount", "true"], { stdio: "ignore" }).status === 0 ? undefined : "this process may not mount");

/** The reason where nothing can be run with the rights of a container (container/container.ts). */
export const withoutContainer: string | undefined = withoutMounts ?? withoutProgram("gcc");

/** Returns the reason where steps cannot have namespaces. */
export function withoutNamespaces(): string | undefined {
  return probe().ok ? undefined : "steps cannot have namespaces here";
}

/** Returns the reason where steps have no network of their own. */
export function withoutOwnNetwork(): string | undefined {
  if (!canOpenTun()) return "this user may not open /dev/net/tun";
  const [pasta, slirp] = ["pasta", "slirp4netns"].map(withoutProgram);
  return pasta && slirp ? "neither pasta nor slirp4netns is installed" : undefined;
}

/** Returns the reason where podman is missing, or cannot make the namespaces that it works in. */
export function withoutPodman(): string | undefined {
  const cannot = () => spawnSync("podman", ["info"], { stdio: "ignore" }).status !== 0;
  return withoutProgram("podman") ?? (cannot() ? "podman does not work here" : undefined);
}

/** Returns the reason why a tool is missing. A value without one is the tool. */
export function reasonIn(found: object): string | undefined {
  return "reason" in found && typeof found.reason === "string" ? found.reason : undefined;
}
