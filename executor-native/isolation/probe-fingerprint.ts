import { readlinkSync, statSync } from "node:fs";
import { bootId } from "../../core/system/boot.js";
import { helperFile } from "../helper-path.js";
import { readingOnce } from "./read-once.js";
import type { ReadFile } from "../read-text.js";

/** Settings that allow or forbid user namespaces. */
const SETTINGS = ["user/max_user_namespaces", "kernel/unprivileged_userns_clone", "kernel/apparmor_restrict_unprivileged_userns"];
/** Lines of /proc/self/status with the rights of this process. */
const RIGHTS = /^(?:Uid|Gid|CapEff|CapBnd|NoNewPrivs|Seccomp|Seccomp_filters):.*$/gm;

/**
 * Returns everything that a probe of sandboxes in `directory` depends on, as far as it can be read
 * without starting a process: kernel, container, rights, settings, file system, sandbox program. An
 * answer of an earlier process counts while this text is the same.
 */
export function probeFingerprint(directory: string, read: ReadFile = readingOnce()): string {
  const parts = [
    bootId(),
    tried(() => readlinkSync("/proc/self/ns/mnt")),
    read("/proc/self/attr/current") ?? null,
    read("/proc/self/status")?.match(RIGHTS) ?? null,
    SETTINGS.map((name) => read(`/proc/sys/${name}`) ?? null),
    directory,
    statSync(directory).dev,
    tried(helperMark),
  ];
  return JSON.stringify(parts);
}

/** Returns what distinguishes one sandbox program from another. */
function helperMark(): string {
  const path = helperFile();
  const { size, mtimeMs } = statSync(path);
  return `${path} ${size} ${mtimeMs}`;
}

/** Returns null for what cannot be read here. */
function tried<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
