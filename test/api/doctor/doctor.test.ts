import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { doctor } from "../../../api/doctor/doctor.js";
import type { CheckStatus, DoctorReport } from "../../../api/options/doctor-types.js";
import { temporaryDirectory } from "../../support/images/images.js";

/** Makes a home with docker's configuration, and returns doctor's report of it. */
function machine(t: ExecutionContext, dockerConfig?: string) {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const docker = join(directory.path, ".docker");
  mkdirSync(docker);
  if (dockerConfig !== undefined) writeFileSync(join(docker, "config.json"), dockerConfig);
  const examine = (env: Readonly<Record<string, string>> = {}) =>
    doctor({ root: join(directory.path, "not", "made"), env: { HOME: directory.path, PATH: process.env["PATH"], ...env } });
  return { directory: directory.path, examine };
}

function found(report: DoctorReport, name: string): readonly [CheckStatus | undefined, string | undefined] {
  const check = report.checks.find((one) => one.name === name);
  return [check?.status, check?.found];
}

test("every check has a name of its own, and what is missing decides; nothing is left behind", async (t) => {
  const { directory, examine } = machine(t);
  const report = await examine();
  const names = report.checks.map(({ name }) => name);
  t.deepEqual([...new Set(names)], names);
  t.is(
    report.ok,
    report.checks.every(({ status }) => status !== "missing"),
  );
  for (const { name, status, fix } of report.checks) if (status !== "ok") t.truthy(fix, `${name} has no way out`);
  t.deepEqual(found(report, "node")[0], "ok");
  t.regex(found(report, "store")[1] ?? "", /not\/made \(not made yet; in /);
  t.deepEqual(readdirSync(directory), [".docker"]);
});

/** Text of docker's config.json, and doctor's report of it. */
const CREDENTIALS: readonly (readonly [string | undefined, CheckStatus, RegExp])[] = [
  [undefined, "ok", /^none kept$/],
  ['{"auths":{"ghcr.io":{},"a.io":{}}}', "ok", /^kept for ghcr\.io, a\.io$/],
  ['{"credsStore":"nowhere"}', "warning", /^none kept, but docker-credential-nowhere is not in PATH$/],
  ['{"credHelpers":{"x.io":"nowhere"}}', "warning", /^kept for x\.io, but docker-credential-nowhere is not in PATH$/],
  ["{", "warning", /it is not JSON$/],
];

for (const [config, status, text] of CREDENTIALS) {
  test(`credentials: ${config ?? "no file"}`, async (t) => {
    const check = found(await machine(t, config).examine(), "credentials");
    t.is(check[0], status);
    t.regex(check[1] ?? "", text);
  });
}

test("proxies are shown without passwords; what is no address is reported", async (t) => {
  const { examine } = machine(t);
  const report = await examine({ HTTPS_PROXY: "http://user:secret@proxy:3128", NO_PROXY: "lan", http_proxy: "http://[" });
  t.deepEqual(found(report, "https-proxy"), ["ok", "http://proxy:3128/, except for lan"]);
  t.deepEqual(found(report, "http-proxy"), ["warning", "its value is no address"]);
});

test("a PATH without git is a warning", async (t) => {
  const report = await machine(t).examine({ PATH: "/nonexistent" });
  t.deepEqual(found(report, "git"), ["warning", "it is not in PATH: Git repositories cannot be built from"]);
});

test("a store where nothing can be written is missing", async (t) => {
  const report = await doctor({ root: "/proc/tsbuild-store" });
  t.false(report.ok);
  t.is(found(report, "store")[0], "missing");
});
