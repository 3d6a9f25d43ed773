import { parseCsv } from "../../../core/go-values/csv.js";
import { parseSize } from "../../../core/go-values/size.js";
import { suggest } from "../../../core/text/suggest.js";
import { controllersOf, DEFAULT_PERIOD, type LimitRequest, type StepLimits } from "../../../executor-native/limits/limits.js";
import { badLimit } from "../errors.js";

type Value = string | number;

/** Options that limit steps, as they are given. */
export interface GivenLimits {
  readonly memory?: Value | undefined;
  readonly memorySwap?: Value | undefined;
  readonly cpus?: Value | undefined;
  readonly cpuQuota?: Value | undefined;
  readonly cpuPeriod?: Value | undefined;
  readonly cpuShares?: Value | undefined;
  readonly cpusetCpus?: Value | undefined;
  readonly cpusetMems?: Value | undefined;
  readonly pidsLimit?: Value | undefined;
  readonly disk?: Value | undefined;
  readonly resources: readonly string[];
  readonly buildMemory?: Value | undefined;
  readonly buildCpus?: Value | undefined;
  readonly limits: "auto" | "strict";
}

/** Variable of the environment with limits that count where an option says nothing. */
const LIMITS_VARIABLE = "TSBUILD_LIMITS";

type Part = "step" | "build";

/** A limit by its name, and how its text is read. Undefined limits nothing. */
interface Row {
  readonly part: Part;
  readonly read: (text: string, fail: (why: string) => never) => StepLimits | undefined;
}

/** Smallest limit of memory, as in docker: with less no program starts. */
const LEAST_MEMORY = 6 << 20;
/** Smallest limit of a disk: the directories of a step take some blocks. */
const LEAST_DISK = 1 << 20;
const LIST = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

const memory: Row["read"] = (text, fail) => {
  const bytes = parseSize(text) ?? fail("expected a size such as 512m or 2g");
  if (bytes === 0) return undefined;
  return bytes < LEAST_MEMORY ? fail("the least is 6m") : { memory: bytes };
};

const disk: Row["read"] = (text, fail) => {
  const bytes = parseSize(text) ?? fail("expected a size such as 512m or 2g");
  if (bytes === 0) return undefined;
  return bytes < LEAST_DISK ? fail("the least is 1m") : { disk: bytes };
};

const cpus: Row["read"] = (text, fail) => {
  const number = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : fail("expected a number such as 1.5");
  if (number === 0) return undefined;
  return number < 0.01 ? fail("the least is 0.01") : { cpuQuota: Math.round(number * DEFAULT_PERIOD), cpuPeriod: DEFAULT_PERIOD };
};

/**
 * Returns a reader of a whole number; one below 1 limits nothing. A smaller one than the kernel
 * takes is raised, because scripts give docker such values, which builds there ignore.
 */
function whole(least: number, most: number, limits: (value: number) => StepLimits): Row["read"] {
  return (text, fail) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : fail("expected a whole number");
    if (value <= 0) return undefined;
    return value > most ? fail(`the most is ${most}`) : limits(Math.max(least, value));
  };
}

function list(limits: (value: string) => StepLimits): Row["read"] {
  return (text, fail) => {
    if (text === "") return undefined;
    const isRising = text.split(",").every((part) => !part.includes("-") || Number(part.split("-")[0]) <= Number(part.split("-")[1]));
    return LIST.test(text) && isRising ? limits(text) : fail("expected a list such as 0-2,5");
  };
}

const MOST = Number.MAX_SAFE_INTEGER;

const ROWS: Readonly<Record<string, Row>> = {
  memory: { part: "step", read: memory },
  "memory-swap": {
    part: "step",
    read(text, fail) {
      if (text === "-1") return { memorySwap: -1 };
      const bytes = parseSize(text) ?? fail("expected a size such as 2g, or -1");
      return bytes === 0 ? undefined : { memorySwap: bytes };
    },
  },
  cpus: { part: "step", read: cpus },
  "cpu-quota": { part: "step", read: whole(1000, MOST, (cpuQuota) => ({ cpuQuota })) },
  "cpu-period": { part: "step", read: whole(1000, 1_000_000, (cpuPeriod) => ({ cpuPeriod })) },
  "cpu-shares": { part: "step", read: whole(2, 262_144, (cpuShares) => ({ cpuShares })) },
  "cpuset-cpus": { part: "step", read: list((cpusetCpus) => ({ cpusetCpus })) },
  "cpuset-mems": { part: "step", read: list((cpusetMems) => ({ cpusetMems })) },
  "pids-limit": { part: "step", read: whole(1, 4_194_304, (pids) => ({ pids })) },
  disk: { part: "step", read: disk },
  "build-memory": { part: "build", read: memory },
  "build-cpus": { part: "build", read: cpus },
};

/** Name of each option, as flags and `KEY=VALUE` have it. */
const NAMES = {
  memory: "memory",
  memorySwap: "memory-swap",
  cpus: "cpus",
  cpuQuota: "cpu-quota",
  cpuPeriod: "cpu-period",
  cpuShares: "cpu-shares",
  cpusetCpus: "cpuset-cpus",
  cpusetMems: "cpuset-mems",
  pidsLimit: "pids-limit",
  disk: "disk",
  buildMemory: "build-memory",
  buildCpus: "build-cpus",
} as const satisfies Partial<Record<keyof GivenLimits, string>>;

/**
 * Returns the limits of steps, or undefined when nothing limits them. An option wins over a
 * resource, and both over the environment. Throws `options/invalid`.
 */
export function resolveLimits(given: GivenLimits, env: Readonly<Record<string, string | undefined>>): LimitRequest | undefined {
  const texts = environmentTexts(env[LIMITS_VARIABLE] ?? "");
  const own = Object.entries(NAMES).flatMap(([option, name]) => {
    const value = given[option as keyof typeof NAMES];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const strict = given.limits === "strict" || texts.includes("limits=strict");
  const levels = [
    pairs(
      texts.filter((text) => !text.startsWith("limits=")),
      LIMITS_VARIABLE,
    ),
    pairs(given.resources, "--resource"),
    own,
  ];
  const limits = { step: {} as StepLimits, build: {} as StepLimits };
  for (const level of levels) {
    for (const part of ["step", "build"] as const) limits[part] = merged(limits[part], level, part);
  }
  limits.step = withMemory(limits.step);
  check(limits.step);
  if (controllersOf(limits.step, limits.build).length === 0) return undefined;
  return { ...limits, strict };
}

type Pair = readonly [name: string, text: string];

function environmentTexts(text: string): readonly string[] {
  if (text === "") return [];
  const line = parseCsv(text);
  if (!("fields" in line)) throw badLimit(LIMITS_VARIABLE, text, line.problem);
  return line.fields.map((field) => field.trim());
}

function pairs(texts: readonly string[], where: string): readonly Pair[] {
  return texts.map((text) => {
    const at = text.indexOf("=");
    const name = text.slice(0, at);
    if (at < 1) throw badLimit(where, text, "it is not of the form key=value");
    if (!Object.hasOwn(ROWS, name)) {
      const near = suggest(name, Object.keys(ROWS));
      throw badLimit(where, text, `there is no limit "${name}"`, near === undefined ? undefined : `Did you mean "${near}"?`);
    }
    return [name, text.slice(at + 1)];
  });
}

/** Returns limits with those of a level over them. Zero takes a limit of an earlier level away. */
function merged(before: StepLimits, level: readonly Pair[], part: Part): StepLimits {
  let limits = before;
  const rows = level.filter(([name]) => ROWS[name]?.part === part);
  const names = new Set(rows.map(([name]) => name));
  if (names.has("cpus") && (names.has("cpu-quota") || names.has("cpu-period")))
    throw badLimit("--cpus", "", "it is another word for --cpu-quota and --cpu-period: give one of them");
  for (const [name, text] of rows) {
    const fail = (why: string): never => {
      throw badLimit(`--${name}`, text, why);
    };
    const read = (ROWS[name] as Row).read(text, fail);
    limits = { ...without(limits, CLEARS[name] ?? []), ...read };
  }
  return limits;
}

/** Members that a name sets, and so takes away when it limits nothing. */
const CLEARS: Readonly<Record<string, readonly (keyof StepLimits)[]>> = {
  memory: ["memory"],
  "memory-swap": ["memorySwap"],
  cpus: ["cpuQuota", "cpuPeriod"],
  "cpu-quota": ["cpuQuota"],
  "cpu-period": ["cpuPeriod"],
  "cpu-shares": ["cpuShares"],
  "cpuset-cpus": ["cpusetCpus"],
  "cpuset-mems": ["cpusetMems"],
  "pids-limit": ["pids"],
  disk: ["disk"],
  "build-memory": ["memory"],
  "build-cpus": ["cpuQuota", "cpuPeriod"],
};

function without(limits: StepLimits, names: readonly (keyof StepLimits)[]): StepLimits {
  return Object.fromEntries(Object.entries(limits).filter(([name]) => !names.includes(name as keyof StepLimits)));
}

/** Returns limits whose `memorySwap` has a limit of memory beside it: alone it limits both. */
function withMemory(limits: StepLimits): StepLimits {
  const { memory: bytes, memorySwap } = limits;
  if (bytes !== undefined || memorySwap === undefined) return limits;
  return memorySwap < 0 ? without(limits, ["memorySwap"]) : { ...limits, memory: memorySwap };
}

function check({ memory: bytes, memorySwap }: StepLimits): void {
  if (memorySwap === undefined || bytes === undefined) return;
  if (memorySwap >= 0 && memorySwap < bytes)
    throw badLimit("--memory-swap", String(memorySwap), "it counts memory and swap together, and is less than --memory");
}
