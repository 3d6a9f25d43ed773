import test from "ava";
import type { BuildOptions } from "../../../api/options/options.js";
import { resolveBuildOptions } from "../../../api/options/resolve-options.js";
import { UsageError } from "../../../core/errors.js";

const resolve = (options: BuildOptions, limits?: string) =>
  resolveBuildOptions({ root: "/store", ...options }, { DOCKER_CONFIG: "/nowhere", TSBUILD_LIMITS: limits }).limits;

const GIB = 2 ** 30;

const READ: readonly (readonly [options: BuildOptions, environment: string | undefined, expected: object | undefined])[] = [
  [{}, undefined, undefined],
  [{ limits: "strict" }, undefined, undefined],
  [{ memory: "2g" }, undefined, { step: { memory: 2 * GIB }, build: {}, strict: false }],
  [{ memory: GIB, memorySwap: -1, limits: "strict" }, undefined, { step: { memory: GIB, memorySwap: -1 }, build: {}, strict: true }],
  [{ memory: 0, cpus: "0", pidsLimit: -1, cpuShares: 0, cpusetCpus: "" }, undefined, undefined],
  [{ cpus: 1.5 }, undefined, { step: { cpuQuota: 150_000, cpuPeriod: 100_000 } }],
  [{ memorySwap: "1g" }, undefined, { step: { memory: GIB, memorySwap: GIB } }],
  [{ memorySwap: -1 }, undefined, undefined],
  [{ cpuQuota: 5, cpuPeriod: 5, cpuShares: 1 }, undefined, { step: { cpuQuota: 1000, cpuPeriod: 1000, cpuShares: 2 } }],
  [{ resources: ["memory=1g", "cpu-quota=50000"] }, undefined, { step: { memory: GIB, cpuQuota: 50_000 } }],
  [{ resources: ["memory=1g"], memory: "2g" }, "memory=3g,pids-limit=9", { step: { memory: 2 * GIB, pids: 9 } }],
  [{ memory: "0" }, "memory=3g", undefined],
  [{ disk: "2g" }, "disk=1g", { step: { disk: 2 * GIB } }],
  [{ resources: ["disk=0"] }, "disk=1g", undefined],
  [{}, 'build-memory=4g,build-cpus=2,limits=strict,"cpuset-cpus=0,2-3"', { build: { memory: 4 * GIB, cpuQuota: 200_000 }, strict: true }],
  [{ cpuQuota: 20_000 }, "cpus=2", { step: { cpuQuota: 20_000, cpuPeriod: 100_000 } }],
];

for (const [options, environment, expected] of READ) {
  test(`limits: ${JSON.stringify(options)} ${environment}`, (t) => {
    if (expected === undefined) t.is(resolve(options, environment), undefined);
    else t.like(resolve(options, environment), expected);
  });
}

const WRONG: readonly (readonly [options: BuildOptions, environment: string | undefined, message: RegExp])[] = [
  [{ memory: "much" }, undefined, /"much" for --memory: expected a size/],
  [{ disk: "big" }, undefined, /"big" for --disk: expected a size/],
  [{ disk: "1k" }, undefined, /the least is 1m/],
  [{ memory: "5m" }, undefined, /the least is 6m/],
  [{ memory: "2g", memorySwap: "1g" }, undefined, /less than --memory/],
  [{ cpus: "two" }, undefined, /expected a number/],
  [{ cpus: 1, cpuQuota: 1000 }, undefined, /another word for --cpu-quota/],
  [{ cpuPeriod: 1_000_001 }, undefined, /the most is 1000000/],
  [{ cpuPeriod: "x" }, undefined, /expected a whole number/],
  [{ cpuShares: 262_145 }, undefined, /the most is 262144/],
  [{ cpusetCpus: "3-1" }, undefined, /expected a list/],
  [{ cpusetMems: "a" }, undefined, /expected a list/],
  [{ resources: ["memroy=1g"] }, undefined, /there is no limit "memroy"/],
  [{ resources: ["memory"] }, undefined, /not of the form key=value/],
  [{}, 'memory=1g,"', /TSBUILD_LIMITS/],
  [{}, "constructor=1", /there is no limit "constructor"/],
];

for (const [options, environment, message] of WRONG) {
  test(`limits that are refused: ${JSON.stringify(options)} ${environment}`, (t) => {
    t.regex(t.throws(() => resolve(options, environment), { instanceOf: UsageError, code: "options/invalid" })?.message ?? "", message);
  });
}
