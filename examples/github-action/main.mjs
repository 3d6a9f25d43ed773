// The action: inputs of docker/build-push-action in, a command line of tsbuild out; then outputs and a summary.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const { env } = process;

/** Returns an input as the runner gives it. */
const input = (name) => (env[`INPUT_${name.toUpperCase().replaceAll(" ", "_")}`] ?? "").trim();
const isOn = (name) => /^(true|1|yes|on)$/i.test(input(name));

/** Returns the fields of a line of CSV, in which quotes keep commas and line ends. */
function fields(text, separator) {
  const found = [];
  let field = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"' && quoted && text[at + 1] === '"') field += text[++at];
    else if (char === '"') quoted = !quoted;
    else if (!quoted && separator.test(char)) {
      found.push(field);
      field = "";
    } else field += char;
  }
  return [...found, field].map((value) => value.trim()).filter((value) => value !== "");
}

/** Returns the lines of an input. Fields in them keep their commas and quotes. */
const lines = (name) =>
  input(name)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
const list = (name) => fields(input(name), /[\n,]/);

const LINES = {
  annotations: "annotation",
  attests: "attest",
  "build-args": "build-arg",
  "build-contexts": "build-context",
  "cache-from": "cache-from",
  "cache-to": "cache-to",
  labels: "label",
  outputs: "output",
  ssh: "ssh",
  ulimit: "ulimit",
};
const LISTS = {
  "add-hosts": "add-host",
  allow: "allow",
  "no-cache-filters": "no-cache-filter",
  platforms: "platform",
  tags: "tag",
};
const VALUES = ["builder", "call", "cgroup-parent", "network", "provenance", "sbom", "shm-size", "target"];
const SWITCHES = ["load", "no-cache", "pull", "push"];

/** Returns the repository and commit of the workflow, as docker's action names them. */
function defaultContext() {
  const server = env.GITHUB_SERVER_URL ?? "https://github.com";
  const ref = env.GITHUB_REF ?? "";
  const commit = ref.startsWith("refs/pull/") || !env.GITHUB_SHA ? ref : env.GITHUB_SHA;
  return `${server}/${env.GITHUB_REPOSITORY}.git${commit === "" ? "" : `#${commit}`}`;
}

/** Returns the flags for secrets. Values go through files that only this user can read. */
function secrets(directory) {
  const file = (id, value) => {
    const path = join(directory, randomUUID());
    writeFileSync(path, value, { mode: 0o600 });
    return `--secret=id=${id},src=${path}`;
  };
  const pair = (text) => {
    const at = text.indexOf("=");
    if (at < 1) fail(`Cannot read the secret "${text.slice(0, Math.max(0, at))}": expected id=value`);
    return [text.slice(0, at), text.slice(at + 1)];
  };
  const given = fields(input("secrets"), /\n/).map(pair);
  const context = input("context");
  const token = input("github-token");
  const ofGit = context === "" || /^https?:.*\.git(#|$)|\{\{defaultContext\}\}/.test(context);
  return [
    ...given.map(([id, value]) => file(id, value)),
    ...(token !== "" && ofGit && !given.some(([id]) => id === "GIT_AUTH_TOKEN") ? [file("GIT_AUTH_TOKEN", token)] : []),
    ...list("secret-envs").map((text) => {
      const [id, name] = pair(text);
      return `--secret=id=${id},env=${name}`;
    }),
    ...lines("secret-files").map((text) => {
      const [id, path] = pair(text);
      return `--secret=id=${id},"src=${path.replaceAll('"', '""')}"`;
    }),
  ];
}

function commandLine(directory, { metadata, annotations, findings }) {
  const file = input("file");
  const context = (input("context") || defaultContext()).replaceAll("{{defaultContext}}", defaultContext());
  return [
    "build",
    ...Object.entries(LINES).flatMap(([name, flag]) => lines(name).map((value) => `--${flag}=${value}`)),
    ...Object.entries(LISTS).flatMap(([name, flag]) => list(name).map((value) => `--${flag}=${value}`)),
    ...VALUES.flatMap((name) => (input(name) === "" ? [] : [`--${name}=${input(name)}`])),
    ...SWITCHES.filter(isOn).map((name) => `--${name}`),
    ...(file === "" ? [] : [`--file=${file}`]),
    ...secrets(directory),
    `--report=github=${annotations}`,
    `--report=codequality=${findings}`,
    "--progress=plain",
    `--metadata-file=${metadata}`,
    "--",
    context,
  ];
}

/** Returns the command: that of the path, else one that is installed for this job. */
function findCommand() {
  const there = (env.PATH ?? "").split(delimiter).some((directory) => directory !== "" && existsSync(join(directory, "tsbuild")));
  if (there) return "tsbuild";
  const prefix = join(env.RUNNER_TEMP ?? tmpdir(), "tsbuild");
  const version = input("version") || "latest";
  const { status } = spawnSync("npm", ["install", "--no-fund", "--no-audit", "--prefix", prefix, `tsbuild@${version}`], {
    stdio: "inherit",
  });
  if (status !== 0) fail(`Cannot install tsbuild@${version}`);
  return join(prefix, "node_modules", ".bin", "tsbuild");
}

function fail(message) {
  process.stdout.write(`::error::${message.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}\n`);
  process.exit(1);
}

/** Writes an output of the step. Its end is a line that the value cannot hold. */
function output(name, value) {
  const end = `end-${randomUUID()}`;
  if (env.GITHUB_OUTPUT) appendFileSync(env.GITHUB_OUTPUT, `${name}<<${end}\n${value}\n${end}\n`);
}

/** Escapes text for a cell of a table. */
const cell = (text) =>
  String(text)
    .replaceAll(/[\\`*_{}[\]<>|#&]/g, (char) => `&#${char.charCodeAt(0)};`)
    .replaceAll(/\s+/g, " ");
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)}s`;

function findingRow({ location: { path, lines }, check_name: rule, description }) {
  return `| ${cell(path)}:${lines.begin} | ${cell(rule)} | ${cell(description)} |`;
}

/** Findings have all lines: the service shows ten of a kind in the files, and passes over the rest. */
function summaryOf(build, reasons, findings) {
  const rows = build.stepList.map(
    ({ number, name, status, duration }) =>
      `| ${number} | ${cell(name)} | ${status} | ${seconds(duration)} | ${cell(reasons.get(number) ?? "")} |`,
  );
  const names = (build.names ?? []).map(cell).join(", ");
  return [
    `### ${build.status === "completed" ? "Built" : "Failed"}: ${names === "" ? cell(build.context) : names}`,
    "",
    `${build.steps} steps, ${build.cached} cached, ${build.executed} run, ${seconds(build.duration)}${build.warnings > 0 ? `, ${build.warnings} warnings` : ""}`,
    "",
    ...(build.error ? [`**${cell(build.error.message)}**`, ""] : []),
    ...(findings.length > 0 ? ["| line | rule | finding |", "|---|---|---|", ...findings.map(findingRow), ""] : []),
    "| | step | result | time | why |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** Bytes that the runner takes of a summary. */
const LONGEST = 1024 * 1024;

function writeSummary(command, before, findings) {
  if (!env.GITHUB_STEP_SUMMARY || /^(false|0)$/i.test(env.DOCKER_BUILD_SUMMARY ?? "")) return;
  const inspected = spawnSync(command, ["builds", "inspect"], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (inspected.status !== 0) return;
  const build = JSON.parse(inspected.stdout);
  if (build.id === before) return;
  const reasons = new Map(build.stepList.map((step) => [step.number, reasonOf(step)]));
  const text = summaryOf(build, reasons, findings);
  if (Buffer.byteLength(text) < LONGEST) appendFileSync(env.GITHUB_STEP_SUMMARY, text);
}

/** Returns why a step ran, in a few words, from the record of the build. */
function reasonOf({ explanation, status }) {
  if (explanation === undefined) return status === "cached" ? "cached" : "";
  return explanation.text ?? explanation.reason ?? "";
}

function lastBuild(command) {
  const { status, stdout } = spawnSync(command, ["builds", "ls", "-q", "-n", "1"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

const directory = mkdtempSync(join(env.RUNNER_TEMP ?? tmpdir(), "tsbuild-action-"));
let status = 1;
try {
  const metadata = join(directory, "metadata.json");
  const annotations = join(directory, "annotations");
  const findings = join(directory, "findings.json");
  const command = findCommand();
  const before = lastBuild(command);
  // Steps may print what the runner would take for its commands.
  const resume = randomUUID();
  process.stdout.write(`::stop-commands::${resume}\n`);
  const ran = spawnSync(command, commandLine(directory, { metadata, annotations, findings }), { stdio: "inherit" });
  process.stdout.write(`\n::${resume}::\n`);
  if (ran.error) fail(`Cannot start tsbuild: ${ran.error.message}`);
  if (existsSync(annotations)) process.stdout.write(readFileSync(annotations));
  status = ran.status ?? 1;
  if (status === 0 && existsSync(metadata)) {
    const text = readFileSync(metadata, "utf8");
    const found = JSON.parse(text);
    output("imageid", found["containerimage.config.digest"] ?? "");
    output("digest", found["containerimage.digest"] ?? "");
    output("metadata", text.trim());
  }
  writeSummary(command, before, existsSync(findings) ? JSON.parse(readFileSync(findings, "utf8")) : []);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(status);
