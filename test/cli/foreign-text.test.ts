import test from "ava";
import { announced } from "../../core/events.js";
import { recordedStep } from "../../core/recorded-step.js";
import type { BuildDetail, RecordedStep } from "../../api/record/build-record.js";
import { ExecError, TsbuildError } from "../../core/errors.js";
import { sha256 } from "../../core/digest.js";
import { NOW, runRig } from "../support/rigs/cli-rig.js";
import { type CliRigOptions, IMAGE_ID } from "../support/rigs/fake-library.js";

// Names of files, and texts of a Dockerfile, an image or a registry: a terminal obeys nothing in
// them, and a CI runner finds no command in them.

const HOSTILE =
  "x\u001b]0;title\u0007\u001b[2J\n::error::a\r::set-env name=PATH::b\n  ::add-mask::c ##vso[task.complete]##[group]d\u009b1m\u202e";
/** Part of {@link HOSTILE} that stays, which proves that the text was shown. */
const SEEN = /set-env.name=PATH/;

const step = sha256("step");
const place = {
  source: { name: HOSTILE, text: `FROM scratch\nRUN ${HOSTILE}\n` },
  range: { start: 0, end: 0, line: 2, column: 1, endLine: 2, endColumn: 4 },
};

/** A build of one step that prints, warns and fails. */
const failing =
  (error: () => Error): NonNullable<CliRigOptions["build"]> =>
  async (_options, emit) => {
    const at = NOW;
    emit({ type: "steps", steps: [announced(step, recordedStep(HOSTILE))] });
    emit({ type: "started", step, at });
    emit({ type: "progress", step, at, item: HOSTILE, current: 1, total: 1, done: true });
    emit({ type: "warning", step, at, diagnostic: { severity: "warning", code: "test/b", message: HOSTILE, hint: HOSTILE } } as never);
    for (const piece of HOSTILE.match(/.{1,7}/gs) ?? []) emit({ type: "output", step, at, stream: "stdout", data: Buffer.from(piece) });
    emit({
      type: "explained",
      step,
      at,
      explanation: { outcome: "ran", reason: "changed", text: HOSTILE, changes: [] },
    } as never);
    emit({ type: "failed", step, at, error: { code: "test/b", message: HOSTILE } });
    throw error();
  };

const execError = (): Error =>
  Object.assign(new ExecError(["sh", "-c", HOSTILE], { code: 1 }, `${HOSTILE}\n${HOSTILE}`, { step: HOSTILE, hint: HOSTILE }), { place });
const diagnostic = {
  severity: "error",
  code: "test/b",
  message: HOSTILE,
  hint: HOSTILE,
  ...place,
  related: [{ message: HOSTILE, ...place }],
} as const;
const knownError = (): Error => new TsbuildError("test/b", HOSTILE, { hint: HOSTILE, diagnostics: [diagnostic] });
const systemError = (): Error => Object.assign(new Error(`ENOENT: ${HOSTILE}`), { code: "ENOENT" });

const failedStep: RecordedStep = {
  number: 1,
  name: HOSTILE,
  step: recordedStep(HOSTILE),
  status: "failed",
  startedAt: 0,
  duration: 1,
  logBytes: 1,
  error: { code: "test/b", message: HOSTILE },
  explanation: { outcome: "ran", reason: "changed", text: HOSTILE, changes: [] },
};
const detail: BuildDetail = { version: 1, platforms: [], buildArgs: {}, noCache: false, steps: [failedStep], warnings: [] };
const history: CliRigOptions["history"] = [
  {
    record: {
      id: "aaaaaaaaaaaa",
      createdAt: NOW,
      duration: 1,
      status: "failed",
      context: HOSTILE,
      dockerfile: HOSTILE,
      target: HOSTILE,
      names: [],
      imageId: IMAGE_ID,
      steps: 1,
      executed: 0,
      cached: 0,
      failed: 1,
      canceled: 0,
      warnings: 0,
      failedStep: HOSTILE,
      detail: JSON.stringify(detail),
    },
    logs: { 1: HOSTILE },
  },
];
const item = {
  type: "layer",
  id: "l1",
  bytes: 1,
  description: HOSTILE,
  lastUsedAt: NOW,
  keptBy: [],
  shared: false,
  running: false,
  reclaimable: true,
} as const;
const CI = { GITHUB_ACTIONS: "true" };

const RUNS: Readonly<Record<string, readonly [string, CliRigOptions]>> = {
  plain: ["--progress plain --explain .", { build: failing(execError) }],
  quiet: ["-q .", { build: failing(execError) }],
  "known errors": ["--progress plain .", { build: failing(knownError) }],
  "known errors, quiet": ["-q .", { build: failing(knownError) }],
  "system errors": ["-q .", { build: failing(systemError) }],
  rawjson: ["--progress rawjson .", { build: failing(knownError) }],
  "an argument": [`--target=${HOSTILE.replaceAll(" ", "_")} --network=${HOSTILE.replaceAll(" ", "_")} .`, {}],
  logs: ["logs", { history, env: CI }],
  "logs of a step": ["logs ^0 1", { history, env: CI }],
  "logs at a terminal": ["logs", { history, tty: true }],
  explain: ["explain", { history }],
  builds: ["builds", { history }],
  "builds with fields": ["builds --format table\t{{.Context}}\t{{.FailedStep}}", { history }],
  "builds with a template": ["builds --format {{.Context}}", { history }],
  "builds as JSON": ["builds --format json", { history }],
  "a build as JSON": ["builds inspect", { history }],
  "explain as JSON": ["explain --format json", { history }],
  "du as JSON": ["du --format json", { disk: { items: [item] } }],
  du: ["du", { disk: { items: [item] } }],
  "du in full": ["du --verbose", { disk: { items: [item] } }],
  "du --verify": ["du --verify", { disk: { problems: [HOSTILE] } }],
  prune: ["prune --force", { disk: { removed: [{ ...item, why: "space" }] } }],
  doctor: [
    "doctor",
    {
      doctor: {
        ok: true,
        user: "me",
        checks: [{ name: "a", title: "A", status: "ok", found: HOSTILE, controlledBy: [HOSTILE], fix: HOSTILE }],
      },
    },
  ],
  check: ["check .", { check: async () => ({ source: place.source, errors: [diagnostic], warnings: [], fixed: [] }) }],
  targets: [
    "--call targets .",
    {
      targets: async () => ({
        source: place.source,
        targets: [{ name: HOSTILE, description: HOSTILE, isDefault: true, range: place.range }] as never,
      }),
    },
  ],
};

for (const [name, [line, options]] of Object.entries(RUNS)) {
  test(`nothing in foreign text is obeyed: ${name}`, async (t) => {
    const { stdout, stderr } = await runRig(line.split(" "), options);
    const all = `${stdout}\n${stderr}`;
    const lines = all.split(/[\n\r]/);
    if (!/json/i.test(name)) t.regex(all, SEEN);
    // Output of a step at a terminal keeps its lines, and in a pipe its control characters.
    const outputAtTerminal = name === "logs at a terminal";
    const outputInPipe = name === "logs" || name === "logs of a step";
    t.deepEqual(
      lines.filter((text) => /^\s*::|##\[|##vso\[/i.test(text)),
      outputAtTerminal ? lines.filter((text) => /^(::|  ::add)/.test(text)) : [],
    );
    // Plain progress passes on what a step prints; its own controls are the step's.
    const own = /plain|^known errors$/.test(name) ? all.replaceAll(/^(#\d+ )?\d+\.\d+ [^\n]*\n/gm, "") : all;
    if (!outputInPipe) t.deepEqual(own.match(outputAtTerminal ? /[^\P{Cc}\n\r\t]|\u202e/gu : /[^\P{Cc}\n\t]|\u202e/gu) ?? [], []);
  });
}

test("what fails is reported on one line of plain progress", async (t) => {
  const { stderr } = await runRig(["--progress", "plain", "."], {
    build: async (_options, emit) => {
      const error = new ExecError(["/bin/sh", "-c", 'set -e\necho "a\\b"\n'], { code: 1 }, "");
      emit({ type: "steps", steps: [announced(step, recordedStep("RUN"))] });
      emit({ type: "started", step, at: NOW });
      emit({ type: "failed", step, at: NOW, error: { code: error.code, message: error.message } });
      throw error;
    },
  });
  t.regex(stderr, /^#1 ERROR: process "\/bin\/sh -c set -e\\necho \\"a\\\\b\\"\\n" did not complete successfully: exit code: 1$/m);
});

test("logs: bytes as they were in a file, colours and nothing else at a terminal", async (t) => {
  const text = "\u001b[31mred\u001b[0m \u001b[2J\u001b]0;t\u0007\r\n::x\n";
  const [build] = history;
  const runs = [{ record: build!.record, logs: { 1: text } }];
  t.is((await runRig(["logs", "^0", "1"], { history: runs })).stdout, text);
  t.is((await runRig(["logs", "^0", "1"], { history: runs, env: { TF_BUILD: "True" } })).stdout, text.replace("::x", "\\x3a:x"));
  t.is((await runRig(["logs", "^0", "1"], { history: runs, tty: true })).stdout, "\u001b[31mred\u001b[0m \\x1b[2J\\x1b]0;t\\x07\r\n::x\n");
});

test("a step that printed more than is repeated has it in the logs, when they are kept", async (t) => {
  const MORE = /^\[the last of its lines; "tsbuild logs" shows them all\]$/m;
  const run = (lines: number, env: Readonly<Record<string, string>>) =>
    runRig(["-q", "."], {
      env,
      build: () => Promise.reject(new ExecError(["make"], { code: 1 }, "line\n".repeat(lines), { step: "RUN make" })),
    });
  t.regex((await run(11, {})).stderr, MORE);
  t.notRegex((await run(10, {})).stderr, MORE);
  t.notRegex((await run(11, { TSBUILD_HISTORY: "off" })).stderr, MORE);
});
