import test from "ava";
import { recordedStep } from "../../core/recorded-step.js";
import { CanceledError, DiagnosticsError, ExecError, TsbuildError, UsageError } from "../../core/errors.js";
import { announced, now } from "../../core/events.js";
import { sha256 } from "../../core/digest.js";
import { golden } from "../support/golden.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { RESULT } from "../support/rigs/fake-library.js";

test("an error of the options ends with 2, and nothing is collected", async (t) => {
  const { code, collected } = await runRig(["."], { build: () => Promise.reject(new UsageError("options/invalid", "no")) });
  t.deepEqual([code, collected], [2, 0]);
});

test("a ctrl-c cancels the command that it ends, and a build only where there is one", async (t) => {
  const login = await runRig(["login", "-u", "a", "-p", "b", "h"], { login: () => Promise.reject(new CanceledError()) });
  t.is(login.code, 130);
  t.regex(login.stderr, /^error\[build\/canceled\]: "tsbuild login" was canceled$/m);
  const build = await runRig(["build", "."], { build: () => Promise.reject(new CanceledError()) });
  t.regex(build.stderr, /: The build was canceled$/m);
});

const source = {
  name: "Dockerfile",
  text: "FROM alpine AS builder\nRUN true\nRUN make && \\\n    make install\nFROM scratch\nCOPY --from=biulder /app /app\n",
};

/** Returns the error as one of the second step. */
function placed(error: TsbuildError): TsbuildError {
  error.step = "[builder 2/3] RUN true";
  error.place = { source, range: { start: 0, end: 0, line: 2, column: 1, endLine: 2, endColumn: 9 } };
  return error;
}

const FAILURES: Readonly<Record<string, readonly [() => Error, number]>> = {
  diagnostics: [
    () =>
      new DiagnosticsError([
        {
          severity: "error",
          code: "dockerfile/unknown-stage",
          message: 'Cannot copy from "biulder": no stage or named context has that name',
          source,
          range: { start: 0, end: 0, line: 6, column: 13, endLine: 6, endColumn: 20 },
          hint: 'did you mean "builder" (line 1)?',
        },
        {
          severity: "error",
          code: "dockerfile/unknown-instruction",
          message: 'Cannot run "RUNN": there is no such instruction',
          source,
          range: { start: 0, end: 0, line: 2, column: 1, endLine: 2, endColumn: 4 },
        },
      ]),
    1,
  ],
  step: [
    () =>
      Object.assign(
        new ExecError(["/bin/sh", "-c", "make"], { code: 2 }, Array.from({ length: 14 }, (_, line) => `line ${line + 1}\n`).join(""), {
          step: "[builder 3/3] RUN make && make install",
        }),
        { place: { source, range: { start: 0, end: 0, line: 3, column: 1, endLine: 4, endColumn: 17 } } },
      ),
    1,
  ],
  "machine-store": [() => placed(new TsbuildError("store/not-writable", 'Cannot use "/x" as the store: permission denied')), 1],
  "machine-helper": [
    () => placed(new TsbuildError("exec/helper-missing", "Cannot run steps: the sandbox program is for arm64 processors")),
    1,
  ],
  hint: [
    () =>
      new TsbuildError("registry/unauthorized", 'Cannot pull "private/app": the registry wants credentials', { hint: "run tsbuild login" }),
    1,
  ],
  canceled: [() => new CanceledError(), 130],
  bug: [() => new Error("internal: no such thing"), 1],
  system: [() => Object.assign(new Error("EACCES: permission denied, open '/root/x'"), { code: "EACCES" }), 1],
};

for (const [name, [error, code]] of Object.entries(FAILURES)) {
  test(`failure: ${name}`, async (t) => {
    const run = await runRig(["-q", "."], { build: () => Promise.reject(error()) });
    t.is(run.code, code);
    t.is(run.stdout, "");
    golden(t, `cli/failure/${name}.txt`, run.stderr);
  });
}

test("plain progress repeats the failed step once, not twice", async (t) => {
  const step = sha256("step");
  const run = await runRig(["--progress", "plain", "."], {
    build: (_options, emit) => {
      const at = now();
      emit({ type: "steps", steps: [announced(step, recordedStep("[2/2] RUN make"))] });
      emit({ type: "started", step, at });
      emit({ type: "output", step, at, stream: "stdout", data: Buffer.from("no rule\n") });
      const error = new ExecError(["make"], { code: 2 }, "no rule\n", { step: "[2/2] RUN make" });
      emit({ type: "failed", step, at, error });
      return Promise.reject(error);
    },
  });
  t.is(run.code, 1);
  t.is(run.stderr.match(/ > \[2\/2\] RUN make:/g)?.length, 1);
  t.is(run.stderr.match(/0\.000 no rule/g)?.length, 2);
});

test("warnings are listed after the build", async (t) => {
  const diagnostic = {
    severity: "warning",
    code: "lint/x",
    rule: "StageNameCasing",
    message: "Stage name 'B' should be lowercase",
    source,
    range: { start: 0, end: 1, line: 1, column: 1, endLine: 1, endColumn: 2 },
  } as const;
  const run = await runRig(["--progress", "plain", "."], { build: () => Promise.resolve({ ...RESULT, warnings: [diagnostic] }) });
  t.is(run.stderr, "\n 1 warning found:\n - StageNameCasing: Stage name 'B' should be lowercase (line 1)\n");
});

test("an abort is reported as such, whatever the build threw", async (t) => {
  const abort = new AbortController();
  const run = await runRig(["-q", "."], {
    signal: abort.signal,
    build: () => {
      abort.abort();
      return Promise.reject(new Error("socket hang up"));
    },
  });
  t.is(run.code, 130);
  t.regex(run.stderr, /build\/canceled/);
});
