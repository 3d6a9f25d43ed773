// Runs the Go tests of BuildKit and buildx against `tsbuild serve`, or against another daemon.
// See README.md.
import { spawn } from "node:child_process";
import { chmodSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPrograms, findGo, sourcesOf } from "./go-programs.mjs";
import { countsOf, reasonOf, Results } from "./go-results.mjs";
import { linkRegistry, startHub, startMirror } from "./registries.mjs";
import { pushStandIns } from "./stand-in-images.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));

const USAGE = `Usage: node scripts/peers/buildkit-go-tests.mjs --buildkit DIR [--buildx DIR] --work DIR [options]

  --buildkit DIR   a checkout of moby/buildkit, or its git directory
  --buildx DIR     the same of docker/buildx, for its tests
  --work DIR       keeps Go, the programs, the images and the results from run to run
  --go PROGRAM     Go; default: that of $PATH where it is new enough, else Debian sid's, unpacked in DIR
  --suite NAME     client, dockerfile or buildx, several times; default: all
  --match REGEXP   only cases whose name matches
  --daemon DIR     a directory with another buildkitd (and its runc), or "real" for BuildKit's own
  --tsbuild FILE   the command under test; default: dist/cli.cjs
  --seconds N      how long a daemon may live; a case that hangs fails by then. Default: 120
  --name NAME      name of the results; default: that of the daemon
`;

/** Binaries, with what is run of them. Their directories have files that tests read. */
const SUITES = {
  client: { program: "client.test", source: "buildkit", directory: "client", top: "Test(Client|Compatibility)?.*Integration" },
  dockerfile: { program: "dockerfile.test", source: "buildkit", directory: "frontend/dockerfile", top: "TestIntegration" },
  buildx: { program: "buildx.test", source: "buildx", directory: "tests", top: "TestIntegration" },
};

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(
      ["buildkit", "buildx", "work", "go", "match", "daemon", "name", "seconds", "tsbuild"].map((name) => [name, { type: "string" }]),
    ),
    suite: { type: "string", multiple: true },
    help: { type: "boolean" },
  },
});

/** Writes the program `buildkitd` that the tests find in `$PATH`. Returns its directory. */
function shim(work, label, { daemon, seconds, hub, tsbuild }) {
  const directory = join(work, "shims", label);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const variables = Object.entries(hub.env).map(([name, value]) => `${name}='${value}' `);
  const lines =
    daemon === undefined
      ? `${variables.join("")}exec timeout -k 10 ${seconds} '${join(here, "buildkitd.sh")}' '${tsbuild}' "$@"`
      : `exec timeout -k 10 ${seconds} '${daemon}' "$@"`;
  writeFileSync(join(directory, "buildkitd"), `#!/bin/sh\n${lines}\n`);
  chmodSync(join(directory, "buildkitd"), 0o755);
  return directory;
}

/** Times that a binary is started again after a panic. */
const ROUNDS = 8;

/**
 * Runs a suite. Writes its output and a line of JSON for each case, and returns the cases. A case
 * that fails in another goroutine ends the whole binary: the cases that had not ended run again.
 */
async function runSuite(name, { work, bin, source, path, match, label }) {
  const { program, directory, top } = SUITES[name];
  const results = new Results();
  const base = join(work, "results", `${label}-${name}`);
  mkdirSync(dirname(base), { recursive: true });
  const log = createWriteStream(`${base}.log`);
  const temporary = mkdtempSync(join(tmpdir(), "tsbuild-go-tests-"));
  const environment = { PATH: path, TMPDIR: temporary, HOME: temporary, BUILDKIT_REGISTRY_MIRROR_DIR: join(work, "mirror") };
  let wanted = match ?? "";
  for (let round = 0; round < ROUNDS; round++) {
    const run = `-test.run=^${top}$/${wanted}/^worker=(oci|remote)$`;
    const child = spawn(join(bin, program), ["-test.v=test2json", run, "-test.timeout=5h"], {
      cwd: join(source, directory),
      env: { ...process.env, ...environment, OTEL_TRACES_EXPORTER: "none" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.pipe(log, { end: false });
    for await (const line of createInterface({ input: child.stdout })) {
      log.write(`${line}\n`);
      results.line(line, (test) => process.stderr.write(`${name}: ${results.cases.get(test).status} ${test}\n`));
    }
    const open = [...results.cases].filter(([, { status }]) => status === "unfinished").map(([test]) => test.split("/")[0]);
    if (open.length === 0) break;
    wanted = `^(${[...new Set(open)].join("|")})$`;
  }
  log.end();
  // Daemons of a binary that panicked may still be ending.
  rmSync(temporary, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 });
  const rows = [...results.cases].map(([test, one]) => {
    const reason = one.status === "passed" ? {} : { reason: reasonOf(one) };
    return { suite: name, test, status: one.status, seconds: one.seconds, ...reason };
  });
  writeFileSync(`${base}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return rows;
}

function print(rows) {
  const suites = [...new Set(rows.map(({ suite }) => suite))];
  console.log("suite        passed  failed  skipped  unfinished");
  for (const suite of suites) {
    const { passed, failed, skipped, unfinished } = countsOf(
      new Map(rows.filter((row) => row.suite === suite).map((row) => [row.test, row])),
    );
    console.log(
      [suite.padEnd(12), ...[passed, failed, skipped, unfinished].map((count, index) => String(count).padStart([6, 8, 9, 12][index]))].join(
        "",
      ),
    );
  }
  for (const { suite, test, status, reason } of rows)
    if (status === "failed" || status === "unfinished") console.log(`${suite}\t${status}\t${test}\t${reason}`);
}

async function main() {
  if (values.help || values.buildkit === undefined || values.work === undefined) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  if (process.geteuid() !== 0) throw new Error("the tests of BuildKit want to be root");
  const work = resolve(values.work);
  mkdirSync(work, { recursive: true });
  const sources = Object.fromEntries(
    ["buildkit", "buildx"].flatMap((name) => (values[name] ? [[name, sourcesOf(resolve(values[name]), work, name)]] : [])),
  );
  const bin = buildPrograms(work, findGo(work, values.go, Object.values(sources)), sources, values.daemon === "real");
  linkRegistry(bin);
  const mirror = await startMirror(join(work, "mirror"));
  const hub = await startHub(work, mirror.host);
  const tsbuild = resolve(values.tsbuild ?? join(root, "dist/cli.cjs"));
  try {
    if (!existsSync(join(work, "mirror/complete"))) pushStandIns({ work, bin, host: mirror.host, tsbuild });
    const daemon =
      values.daemon === undefined
        ? undefined
        : values.daemon === "real"
          ? join(bin, "buildkitd.real")
          : join(resolve(values.daemon), "buildkitd");
    const label = values.name ?? (values.daemon === undefined ? "tsbuild" : "buildkit");
    const first = shim(work, label, { daemon, seconds: values.seconds ?? 120, hub, tsbuild });
    const runc = values.daemon === undefined || values.daemon === "real" ? [] : [resolve(values.daemon)];
    const path = [first, ...runc, bin, process.env.PATH].join(":");
    const rows = [];
    for (const name of values.suite ?? Object.keys(SUITES)) {
      const source = sources[SUITES[name].source];
      if (source !== undefined) rows.push(...(await runSuite(name, { work, bin, source, path, match: values.match, label })));
    }
    print(rows);
    return rows.every(({ status }) => status === "passed" || status === "skipped") ? 0 : 1;
  } finally {
    hub.stop();
    mirror.stop();
  }
}

process.exitCode = await main();
