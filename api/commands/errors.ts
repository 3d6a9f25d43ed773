import { isAbsolute } from "node:path";
import { TsbuildError, UsageError } from "../../core/errors.js";
import { exitText, type FailedCheck, type RunExit } from "./exit.js";
import type { Tier } from "../../executor-native/tier.js";

export function badRunOption(why: string): UsageError {
  return new UsageError("run/option", `Cannot run this: ${why}`);
}

/** Throws unless a path is absolute. */
export function absolute(what: string, path: string): void {
  if (!isAbsolute(path)) throw badRunOption(`${what} is an absolute path, and "${path}" is none`);
}

export function noCommand(image: string): TsbuildError {
  return new TsbuildError("run/no-command", `Cannot run ${image}: it has neither ENTRYPOINT nor CMD, and no command was given`, {
    hint: "Write the command behind the image",
  });
}

export function noSuchVolume(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("run/volume", `Cannot mount "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

export function needsNamespaces(what: string, tier: Tier): TsbuildError {
  return new TsbuildError("run/isolation", `Cannot run this with isolation "${tier}": ${what} needs namespaces`, {
    hint: "docs/sandbox.md says what each tier has; tsbuild doctor says what this machine lacks",
  });
}

/** Returns the error of a command in another network. `notice` says why, if it was wanted. */
export function cannotPublish(notice: string | undefined): TsbuildError {
  const why = notice ?? "it has this machine's network";
  return new TsbuildError("run/publish", `Cannot publish ports of the command: ${why}`, {
    hint: "Without -p, and with --network host, the command listens on this machine's own ports",
  });
}

export function noHealthCheck(image: string): TsbuildError {
  return new TsbuildError("run/no-healthcheck", `Cannot wait until ${image} is healthy: it has no HEALTHCHECK`, {
    hint: "Give the image a HEALTHCHECK, or the command a check: --health-cmd 'curl -f localhost'",
  });
}

/** Returns the error of a command whose health check failed. */
export function unhealthy({ last, failures }: { readonly last: FailedCheck; readonly failures: number }): TsbuildError {
  const how = last.timedOut ? last.output : `it ended with ${last.code}`;
  const lines = last.output.split("\n").filter((line) => line.trim() !== "");
  const said = last.timedOut || lines.length === 0 ? "" : `: ${lines.join("; ")}`;
  const times = failures === 1 ? "" : ` ${failures} times, the last time`;
  return new TsbuildError("run/unhealthy", `The command is unhealthy: its health check failed${times} because ${how}${said}`, {
    hint: "A start that takes longer needs --start-period in HEALTHCHECK, or --health-start-period",
  });
}

/** Returns the error of a command that ended before its health check passed. */
export function endedBeforeHealthy(exit: RunExit): TsbuildError {
  return new TsbuildError("run/unhealthy", `The command ended ${exitText(exit)} before it was healthy`, {
    hint: "Its output above says why",
  });
}
