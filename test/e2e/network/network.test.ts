import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { removeTree } from "../../support/remove-tree.js";
import { CLI } from "../../support/rigs/rig.js";
import { requires, withoutMounts, withoutNamespaces, withoutProgram } from "../../support/requires.js";
import { MATRIX, NETWORKS, SAME } from "./matrix.js";
import type { Built, MachineReport } from "./report.js";

const missing = [withoutMounts, withoutNamespaces(), ...["gcc", "pasta", "slirp4netns", "nsenter"].map(withoutProgram)];
const serial = requires(...missing).serial;
const NOTICE = /tsbuild: steps share the host's network: (.*)/g;

let directory: string;
let report: MachineReport;

test.before(async () => {
  directory = mkdtempSync(join(tmpdir(), "tsbuild-network-"));
  if (missing.some((reason) => reason !== undefined)) return;
  const context = join(directory, "context");
  mkdirSync(context);
  const options = ["-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", join(context, "probe")];
  const { status, stderr } = spawnSync("gcc", [...options, join(packageRoot(), "test/e2e/network/probe.c")], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The probe cannot be compiled:\n${stderr}`);
  chmodSync(directory, 0o755);
  const script = fileURLToPath(new URL("machine-main.js", import.meta.url));
  const { stdout } = await promisify(execFile)("unshare", ["--net", "--mount", process.execPath, script, directory, CLI, context], {
    maxBuffer: 64 << 20,
  });
  report = JSON.parse(stdout) as MachineReport;
});
test.after.always(() => removeTree(directory));

/** Returns the outcomes of each step with attempts, in order. */
function outcomes({ text }: Built): readonly Readonly<Record<string, string>>[] {
  const steps = new Map<string, Record<string, string>>();
  for (const [, step = "", probe = "", outcome = ""] of text.matchAll(/^#(\d+) [\d.]+ ([^\t\n]+)\t(.*)$/gm)) {
    steps.set(step, { ...steps.get(step), [probe]: outcome });
  }
  return [...steps].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, outcome]) => outcome);
}

const notices = ({ text }: Built): readonly string[] => [...text.matchAll(NOTICE)].map(([, notice = ""]) => notice);

serial("what a step reaches in each network", (t) => {
  const [byDefault, none, host] = outcomes(report.pasta);
  const found = { default: byDefault, private: outcomes(report.slirp4netns)[0], none, host };
  for (const network of NETWORKS) {
    for (const [probe, how, outcome] of MATRIX) {
      const got = found[network]?.[probe] ?? "it was not made";
      t.true(
        (SAME[outcome[network]] ?? [outcome[network]]).includes(got),
        `${network}: ${how} (${probe}): ${got}, not ${outcome[network]}`,
      );
    }
  }
  t.deepEqual(notices(report.pasta), []);
});

serial("nothing of a step with its own network arrives at the host's loopback", (t) => {
  t.is(report.slirp4netns.arrived, 0);
  t.true(report.told.arrived > 0, "the host's network");
  t.is(report.pasta.arrived, report.told.arrived, "the one step with the host's network");
});

serial("without a stack, steps share the host's network, and one line says so", (t) => {
  t.is(report.without.code, 0, report.without.text);
  t.is(notices(report.without).length, 1, report.without.text);
  t.regex(notices(report.without)[0] ?? "", /neither pasta nor slirp4netns is in PATH\. Install pasta .*passt/);
  const [first, second] = outcomes(report.without);
  t.is(first?.["tcp 127.0.0.1 8000"], "host");
  t.deepEqual(first, second);
});

serial("without a stack, a network that was asked for fails the build", (t) => {
  t.is(report.withoutPrivate.code, 1);
  t.regex(report.withoutPrivate.text, /error\[exec\/network\]: Cannot give steps a network of their own: neither pasta/);
  t.regex(report.withoutPrivate.text, /hint: Install pasta .*package "passt".*slirp4netns/);
});

serial("a stack that fails says why, and the next one is tried", (t) => {
  t.is(report.failing.code, 1);
  t.regex(report.failing.text, /pasta did not start \(exit code 3\): no luck today/);
  t.is(report.second.code, 0, report.second.text);
  t.deepEqual(notices(report.second), []);
  t.deepEqual(outcomes(report.second), outcomes(report.slirp4netns));
});

serial("TSBUILD_NETWORK=host gives steps the host's network, without a word", (t) => {
  t.deepEqual(notices(report.told), []);
  t.deepEqual(outcomes(report.told), [outcomes(report.pasta)[2]]);
});

serial("no stack stays behind", (t) => {
  t.is(report.left, "");
});
