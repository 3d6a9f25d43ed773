import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { programPath } from "../../../executor-native/program-path.js";
import { removeTree } from "../../support/remove-tree.js";
import { makeEmptyRoot } from "../../support/rigs/empty-root.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { notInstalled, requires, withoutMounts, withoutNamespaces, withoutProgram } from "../../support/requires.js";
import { FILE, ROWS } from "./web.js";
import type { WebReport } from "./web-main.js";

const missing = [
  withoutMounts,
  withoutNamespaces(),
  ...["openssl", "curl", "ip"].map(withoutProgram),
  notInstalled(BUSYBOX ? undefined : "busybox"),
];
const serial = requires(...missing).serial;

type Report = WebReport & { readonly outputs: readonly string[]; readonly host: string; readonly none: string };

let directory: string;
let report: Report;

test.before(async () => {
  directory = mkdtempSync(join(tmpdir(), "tsbuild-web-"));
  if (missing.some((reason) => reason !== undefined)) return;
  for (const name of ["web", "nobody"]) {
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:web.example"];
    const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...key, ...subject, ...files], { cwd: directory, stdio: "ignore" });
  }
  const context = join(directory, "context");
  mkdirSync(context);
  makeEmptyRoot(join(context, "root"), BUSYBOX as string, { "/bin/curl": programPath("curl", process.env["PATH"] ?? "") as string });
  chmodSync(directory, 0o755);
  const script = fileURLToPath(new URL("web-main.js", import.meta.url));
  const { stdout } = await promisify(execFile)("unshare", ["--net", "--mount", process.execPath, script, directory, CLI, context], {
    maxBuffer: 64 << 20,
  });
  report = JSON.parse(stdout) as Report;
});
test.after.always(() => removeTree(directory));

/** Returns the lines about requests in a log, without the steps' numbers. */
const logged = (text: string): readonly string[] => [...text.matchAll(/^#\d+ [\d.]+ - (.* -> .*)$/gm)].map(([, line = ""]) => line);

serial("requests of steps through their proxies: what steps get, and what the log says", (t) => {
  t.is(report.rows.code, 0, report.rows.text);
  for (const [index, { name, printed }] of ROWS.entries()) t.is(report.outputs[index], printed, name);
  t.deepEqual(logged(report.rows.text).toSorted(), ROWS.flatMap((row) => row.logged).toSorted());
  t.notRegex(report.rows.text, /very-secret/);
});

serial("nothing of a step arrives at the loopback of the machine, unless it may use the host's network", (t) => {
  t.is(report.rows.arrived, 0);
  t.is(report.networks.code, 0, report.networks.text);
  t.deepEqual([report.host, report.none], [`${FILE}4\n`, "0\n"]);
});

serial("provenance has the files that steps fetched, and what is none", (t) => {
  const { dependencies, network, complete } = report.rows.provenance;
  const digest = { sha256: sha256(FILE).slice("sha256:".length) };
  const expected = [
    "http://web.example/file?token=xxxxx",
    "https://web.example/file",
    "https://web.example/file?x=****",
    "https://web.example/redirect",
  ];
  t.deepEqual(
    dependencies.toSorted((a, b) => (a.uri < b.uri ? -1 : 1)),
    expected.map((uri) => ({ uri, digest })),
  );
  t.is(network?.mode, "proxy");
  t.deepEqual(
    network?.proxy?.incomplete.map(({ method, uri, reason }) => [method, uri, reason]),
    [
      ["POST", "https://web.example/file", "method_not_materializable"],
      ["GET", "https://web.example:8443/file", "upstream_error"],
    ],
  );
  t.false(complete);
});

serial("steps that are cached have the requests of the build that ran them; without a record it says so", (t) => {
  t.deepEqual(logged(report.cached.text), []);
  t.deepEqual(report.cached.provenance.dependencies, report.rows.provenance.dependencies);
  t.deepEqual(report.cached.provenance.network, report.rows.provenance.network);
  t.deepEqual(new Set(report.unrecorded.provenance.network?.proxy?.incomplete.map(({ reason }) => reason)), new Set(["not_captured"]));
});

serial("neither a layer nor the store has a trace of the proxy's authority", (t) => {
  t.deepEqual(report.traces, []);
});
