import { badPlatform } from "./errors.js";
import { endianness } from "node:os";
import { suggest } from "../core/text/suggest.js";

/**
 * A platform as OCI names it. Its text form is `os/architecture[/variant]`, for example
 * `linux/arm64`.
 */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

const KNOWN_OS = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos".split(" "),
);
const KNOWN_ARCHITECTURE = new Set(
  (
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le " +
    "ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"
  ).split(" "),
);

/**
 * Returns the platform that tsbuild runs on: the default target of a build. The OS is always Linux.
 */
export function hostPlatform(): Platform {
  switch (process.arch) {
    case "x64":
      return { os: "linux", architecture: "amd64" };
    case "ia32":
      return { os: "linux", architecture: "386" };
    case "arm": {
      const version = (process.config.variables as { readonly arm_version?: string }).arm_version;
      return normalizePlatform({ os: "linux", architecture: "arm", variant: `v${version ?? "7"}` });
    }
    case "ppc64":
      return { os: "linux", architecture: endianness() === "LE" ? "ppc64le" : "ppc64" };
    case "mipsel":
      return { os: "linux", architecture: "mipsle" };
    default:
      return { os: "linux", architecture: process.arch };
  }
}

/**
 * Reads `os`, `architecture`, `os/architecture` or `os/architecture/variant` as containerd does,
 * with the other spellings that it knows (`x86_64`, `aarch64`, `armhf`). `os` may carry a version,
 * as in `windows(10.0.17763)`. Missing parts come from the host. Returns the normalised form.
 * Throws `platform/invalid`.
 */
export function parsePlatform(text: string): Platform {
  const fail = (why: string, hint?: string): never => {
    throw badPlatform(text, why, hint);
  };
  const parts = text.split("/");
  const version = /^([A-Za-z0-9_.-]+)\(([A-Za-z0-9_.-]*)\)$/.exec(parts[0] as string);
  const osVersion = version?.[2];
  if (version) parts[0] = version[1] as string;
  if (parts.length > 3) fail(`it has ${parts.length} parts`);
  for (const part of parts) if (!/^[A-Za-z0-9_.-]+$/.test(part)) fail(part === "" ? "a part of it is empty" : `"${part}" is no name`);
  const withVersion = (platform: Platform): Platform => normalizePlatform(osVersion ? { ...platform, osVersion } : platform);

  const [first, second, variant] = parts as [string, string | undefined, string | undefined];
  if (second !== undefined)
    return withVersion({ os: first, architecture: second, ...(variant === undefined ? {} : { variant: variant.toLowerCase() }) });
  const host = hostPlatform();
  const os = normalizeOs(first);
  if (KNOWN_OS.has(os)) return withVersion({ ...host, os });
  const guess = normalizePlatform({ os: host.os, architecture: first });
  if (KNOWN_ARCHITECTURE.has(guess.architecture)) return guess;
  const near = suggest(first, [...KNOWN_OS, ...KNOWN_ARCHITECTURE]);
  return fail(`"${first}" is neither an operating system nor an architecture`, near === undefined ? undefined : `Did you mean "${near}"?`);
}

/** Returns `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part !== undefined && part !== "").join("/");
}

/**
 * Returns the name of folders and files in a multi-platform export, as in BuildKit: `linux_arm_v7`.
 */
export function platformFolder(platform: Platform): string {
  return formatPlatform(platform).replaceAll("/", "_");
}

/**
 * Returns the one spelling of a platform: lower case, `amd64` for `x86_64`, no variant where it is
 * the usual one (`arm64` is `arm64/v8`, `arm` is `arm/v7`).
 */
export function normalizePlatform(platform: Platform): Platform {
  const os = normalizeOs(platform.os);
  let architecture = platform.architecture.toLowerCase();
  let variant = (platform.variant ?? "").toLowerCase();
  switch (architecture) {
    case "i386":
      architecture = "386";
      variant = "";
      break;
    case "x86_64":
    case "x86-64":
    case "amd64":
      architecture = "amd64";
      if (variant === "v1") variant = "";
      break;
    case "aarch64":
    case "arm64":
      architecture = "arm64";
      if (variant === "8" || variant === "v8" || variant === "v8.0") variant = "";
      break;
    case "armhf":
      architecture = "arm";
      variant = "v7";
      break;
    case "armel":
      architecture = "arm";
      variant = "v6";
      break;
    case "arm":
      if (variant === "") variant = "v7";
      else if (/^[5-8]$/.test(variant)) variant = `v${variant}`;
      break;
  }
  return {
    os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(platform.osVersion ? { osVersion: platform.osVersion } : {}),
  };
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === "macos" ? "darwin" : lower;
}

/**
 * Returns true when both name the same platform, in any spelling. Does not compare the OS version.
 */
function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(normalizePlatform(a)) === formatPlatform(normalizePlatform(b));
}

/**
 * Returns the platforms whose programs run on `platform`, best first, as containerd's
 * `platforms.Only`: `arm64` also runs `arm/v8` … `arm/v5`, and `amd64/v3` also runs `v2`, `amd64`
 * and `386`.
 */
function runnablePlatforms(platform: Platform): readonly Platform[] {
  const { os, architecture, variant } = normalizePlatform(platform);
  const arm = (from: number): Platform[] =>
    Array.from({ length: Math.max(0, from - 4) }, (_, i) => ({ os, architecture: "arm", variant: `v${from - i}` }));
  const step = (family: string, from: number): Platform[] =>
    Array.from({ length: from }, (_, i) => normalizePlatform({ os, architecture: family, variant: `v${from - i}` }));
  switch (architecture) {
    case "amd64":
      return [...step("amd64", Number(/^v(\d+)$/.exec(variant ?? "v1")?.[1] ?? 1)), { os, architecture: "386" }];
    case "arm": {
      const version = /^v([5-8])$/.exec(variant ?? "v7");
      return version ? arm(Number(version[1])) : [{ os, architecture, ...(variant === undefined ? {} : { variant }) }];
    }
    case "arm64": {
      const self: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
      return [...(variant === undefined ? [self] : [self, { os, architecture }]), ...arm(8)];
    }
    default:
      return [{ os, architecture, ...(variant === undefined ? {} : { variant }) }];
  }
}

/**
 * Returns how well `candidate` serves `wanted`: 0 is exact, larger is worse. Returns undefined for
 * a candidate that does not run there.
 */
export function platformRank(wanted: Platform, candidate: Platform): number | undefined {
  const rank = runnablePlatforms(wanted).findIndex((platform) => samePlatform(platform, candidate));
  return rank < 0 ? undefined : rank;
}
