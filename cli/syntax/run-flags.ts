import type { RunVolume } from "../../api/commands/command-options.js";
import type { HealthOptions } from "../../api/options/services/types.js";
import type { Flag } from "../../api/options/option.js";
import { parsePort } from "../../api/texts/ports.js";
import type { RunOptions } from "../../api/run/run-options.js";
import { badVolume, engineFlag } from "./errors.js";
import type { ParsedFlags } from "./flags.js";

/** Flags of `docker run` that are refused, each with the reason. */
const REFUSED: Readonly<Record<string, { readonly flag: Omit<Flag, "name" | "text" | "hidden">; readonly why: string }>> = {
  detach: { flag: { short: "d" }, why: "it runs in the foreground, and ends with its terminal" },
  name: { flag: { value: "<name>" }, why: "nothing is left that a name could stand for" },
  restart: { flag: { value: "<policy>" }, why: "a command runs once" },
  privileged: { flag: {}, why: "a command has the rights of a RUN step" },
};

export const ENGINE_FLAGS: readonly Flag[] = Object.entries(REFUSED).map(([name, { flag, why }]) => ({
  name,
  ...flag,
  text: why,
  hidden: true,
}));

/** Throws a sentence for a flag that only a container engine can follow. */
export function refuseEngineFlags(flags: ParsedFlags): void {
  for (const [name, { flag, why }] of Object.entries(REFUSED)) {
    const given = flag.repeat ? flags.all(name).length > 0 : flag.value ? flags.one(name) !== undefined : flags.has(name);
    if (given) throw engineFlag(name, why);
  }
}

/** Reads `--env`. A name alone takes the variable of the environment, where that has it. */
export function readVariables(texts: readonly string[], env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return texts.flatMap((text) => {
    if (text.includes("=")) return [text];
    const value = env[text];
    return value === undefined ? [] : [`${text}=${value}`];
  });
}

/** Words behind a volume's target. Labels and consistency have no meaning here. */
const VOLUME_WORDS: ReadonlySet<string> = new Set(["ro", "rw", "z", "Z", "cached", "delegated", "consistent"]);

/** Reads `--volume`: `DIR:PATH` with `:ro` behind it. */
export function readVolume(text: string, resolve: (path: string) => string): RunVolume {
  const [, source = "", dest = "", words = ""] = /^([^:]*):([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (source === "" || dest === "") throw badVolume(text, "expected DIR:PATH, or DIR:PATH:ro");
  if (!/^[./~]/.test(source)) throw badVolume(text, `there are no volumes with names; "./${source}" is a directory`);
  const unknown = words.split(",").find((word) => word !== "" && !VOLUME_WORDS.has(word));
  if (unknown !== undefined) throw badVolume(text, `"${unknown}" is neither ro nor rw`);
  return { source: resolve(source), dest, readonly: words.split(",").includes("ro") };
}

/** Reads `--tmpfs`: `PATH` with `:size=64m` behind it; other options have no meaning here. */
export function readTmpfs(text: string, bytes: (text: string, what: string) => number): { readonly dest: string; readonly size?: number } {
  const [dest = "", words = ""] = text.split(":");
  const size = words.split(",").find((word) => word.startsWith("size="));
  return { dest, ...(size && { size: bytes(size.slice("size=".length), "--tmpfs") }) };
}

type PublishedPort = Parameters<NonNullable<RunOptions["onPublish"]>>[0][number];

/** Returns a published port as docker shows it: `127.0.0.1:8080 -> 80/tcp`. */
export function portText({ addresses: [address = ""], hostPort, port, protocol }: PublishedPort): string {
  return `${address.includes(":") ? `[${address}]` : address}:${hostPort} -> ${port}/${protocol}`;
}

/** Checks `--publish`. */
export function readPorts(texts: readonly string[]): readonly string[] {
  for (const text of texts) parsePort(text);
  return texts;
}

/** Reads the flags of a health check. */
export function readHealth(one: ParsedFlags["one"]): HealthOptions {
  const given = {
    command: one("health-cmd"),
    interval: one("health-interval"),
    timeout: one("health-timeout"),
    startPeriod: one("health-start-period"),
    startInterval: one("health-start-interval"),
    retries: one("health-retries") === undefined ? undefined : Number(one("health-retries")),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
