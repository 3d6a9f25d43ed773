import type { Fix, SourceRange } from "../../core/diagnostics.js";
import { suggest } from "../../core/suggest.js";
import type { Flag, Word } from "./ast.js";
import { fixOf, partRange, replaceWord } from "./edits.js";
import type { Problem } from "./problem.js";

/** Every message of this frontend, one function each. Codes are stable: docs/errors.md has a section for each. */

interface Extra {
  readonly hint?: string | undefined;
  readonly related?: Problem["related"];
  readonly fix?: Fix | undefined;
}

function problem(code: string, message: string, range: SourceRange | undefined, extra: Extra = {}): Problem {
  return {
    severity: "error",
    code,
    message,
    ...(range ? { range } : {}),
    ...(extra.hint === undefined ? {} : { hint: extra.hint }),
    ...(extra.related ? { related: extra.related } : {}),
    ...(extra.fix ? { fix: extra.fix } : {}),
  };
}

function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(word, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}

/** The same, as a proposal to replace the word at `range`; nothing when there is no candidate. */
function nearest(word: string, candidates: Iterable<string>, range: SourceRange): Extra | undefined {
  const found = suggest(word, candidates);
  if (found === undefined) return undefined;
  const fix = fixOf(`Write ${found}`, [replaceWord({ text: word, range }, found)], false);
  return { hint: `did you mean "${found}"?`, fix };
}

export const INSTRUCTION_NAMES =
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(" ");

// Reading the text

export const syntax = (message: string, range: SourceRange | undefined): Problem =>
  problem("dockerfile/syntax", `Cannot read the Dockerfile: ${message}`, range);

export const noInstructions = (): Problem =>
  problem("dockerfile/no-instructions", "Cannot build: the Dockerfile has no instructions", undefined, { hint: "start with FROM" });

export const repeatedDirective = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/repeated-directive", `Cannot set the parser directive "${name}" twice`, range);

export const invalidEscape = (value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-escape", `Cannot use "${value}" as the escape character`, range, { hint: "it is \\ or `" });

export const longLine = (length: number, limit: number, range: SourceRange): Problem =>
  problem("dockerfile/long-line", `Cannot read a line of ${length} bytes: the longest is ${limit}`, range, {
    hint: "continue it on the next line, or put the data into a file",
  });

export const unsupportedSyntax = (syntax: string, range: SourceRange | undefined): Problem =>
  problem("dockerfile/unsupported-syntax", `Cannot build with the frontend "${syntax}": only docker/dockerfile is built in`, range, {
    hint: "if it is a Dockerfile as docker/dockerfile reads it, say so with --build-arg BUILDKIT_SYNTAX=dockerfile.v0",
  });

export const unknownInstruction = (name: string, range: SourceRange): Problem =>
  problem(
    "dockerfile/unknown-instruction",
    `Cannot read "${name}": there is no such instruction`,
    range,
    nearest(name, INSTRUCTION_NAMES, range),
  );

export const emptyContinuation = (range: SourceRange, lines: readonly SourceRange[]): Problem => ({
  severity: "warning",
  code: "dockerfile/NoEmptyContinuation",
  rule: "NoEmptyContinuation",
  message: "Empty continuation line",
  range,
  fix: { title: "Remove the empty lines", edits: lines.map((line) => ({ range: line, text: "" })), safe: true },
});

export const unterminatedHeredoc = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/unterminated-heredoc", `Cannot find the end of the heredoc "${name}"`, range, {
    hint: `end it with a line that is just ${name}`,
  });

export const invalidHeredocWord = (message: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-heredoc", `Cannot read the heredoc's end marker: ${message}`, range);

export const invalidJsonMember = (range: SourceRange): Problem =>
  problem("dockerfile/json-members", "Cannot use this JSON array: its members must all be strings", range);

export const missingEquals = (word: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-equals", `Cannot read "${word}": it has no "="`, range, {
    hint: "the form is name=value; quote a value that has blanks",
  });

export const missingValue = (instruction: string, name: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-value", `Cannot set "${name}" with ${instruction}: it has no value`, range, {
    hint: `write ${instruction} ${name}=value`,
  });

// Arguments and flags

export const missingArguments = (instruction: string, needed: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-arguments", `Cannot run ${instruction}: it needs ${needed}`, range);

export const copyNeedsDestination = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-arguments", `Cannot run ${instruction}: it needs a source and a destination`, range, {
    hint: `write ${instruction} source destination`,
  });

export const unknownFlag = (instruction: string, flag: Flag, known: readonly string[]): Problem => {
  const text = `--${flag.name}${flag.value === undefined ? "" : `=${flag.value}`}`;
  const range = partRange({ text, range: flag.range }, 2, 2 + flag.name.length);
  const names = known.length > 0 ? `its flags are ${known.map((name) => `--${name}`).join(", ")}` : undefined;
  return problem(
    "dockerfile/unknown-flag",
    `Cannot use --${flag.name} with ${instruction}: there is no such flag`,
    range,
    nearest(flag.name, known, range) ?? { hint: names },
  );
};

export const repeatedFlag = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/repeated-flag", `Cannot give --${name} twice`, range);

export const flagNeedsValue = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/flag-value", `Cannot use --${name} without a value`, range, { hint: `write --${name}=value` });

export const flagNotBoolean = (name: string, value: string, range: SourceRange): Problem =>
  problem("dockerfile/flag-value", `Cannot use "${value}" for --${name}: it is true or false`, range);

export const flagChoice = (name: string, value: string, choices: readonly string[], range: SourceRange): Problem =>
  problem(
    "dockerfile/flag-value",
    `Cannot use "${value}" for --${name}`,
    range,
    nearest(value, choices, range) ?? { hint: `it is one of ${choices.join(", ")}` },
  );

export const invalidDevice = (device: string, why: string, range: SourceRange, hint?: string): Problem =>
  problem("dockerfile/invalid-device", `Cannot use the device "${device}": ${why}`, range, { hint });

export const deviceKey = (device: string, key: string, keys: readonly string[], range: SourceRange): Problem =>
  invalidDevice(device, `there is no option "${key}"`, range, didYouMean(key, keys));

export const requiredDevice = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/required-device", `Cannot give the step the device "${name}": there are no CDI devices here`, range, {
    hint: "without ,required the step runs, and does not find the device",
  });

export const blankName = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/blank-name", `Cannot run ${instruction}: a name is empty`, range);

export const expansion = (word: string, message: string, range: SourceRange): Problem =>
  problem("dockerfile/expansion", `Cannot expand "${word}": ${message}`, range);

// FROM and the stages

export const fromForm = (range: SourceRange): Problem =>
  problem("dockerfile/from-form", "Cannot read FROM: it takes an image, or an image, AS and a stage name", range, {
    hint: "write FROM image AS name",
  });

export const stageName = (name: string, range: SourceRange): Problem =>
  problem(
    "dockerfile/stage-name",
    `Cannot name a stage "${name}": a name begins with a letter, and has only letters, digits, "-", "_" and "."`,
    range,
  );

export const noStage = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/before-from", `Cannot run ${instruction} before the first FROM: only ARG may stand there`, range);

export const emptyBase = (word: string, range: SourceRange): Problem =>
  problem("dockerfile/empty-base", `Cannot use "${word}" in FROM: it expands to nothing`, range, {
    hint: "give the ARG a default, or set it with --build-arg",
  });

export const emptyPlatform = (word: string, range: SourceRange): Problem =>
  problem("dockerfile/empty-platform", `Cannot use --platform=${word}: it expands to nothing`, range);

export const invalidPlatform = (message: string, hint: string | undefined, range: SourceRange): Problem =>
  problem("dockerfile/invalid-platform", message, range, { hint });

export const unknownTarget = (target: string, names: readonly string[]): Problem =>
  problem("dockerfile/unknown-target", `Cannot build the target "${target}": no stage has that name`, undefined, {
    hint:
      didYouMean(target, names) ??
      (names.length > 0 ? `the stages are ${names.join(", ")}` : "no stage has a name: give one with FROM image AS name"),
  });

export const stageIndex = (index: string, count: number, range: SourceRange): Problem =>
  problem(
    "dockerfile/unknown-stage",
    `Cannot copy from stage ${index}: the Dockerfile has ${count === 1 ? "1 stage" : `${count} stages`}, counted from 0`,
    range,
  );

export const laterStage = (what: string, name: string, range: SourceRange, defined: SourceRange | undefined): Problem =>
  problem("dockerfile/later-stage", `Cannot ${what} from "${name}": that stage comes later`, range, {
    hint: "put the stage before this one",
    ...(defined ? { related: [{ message: `"${name}" is defined here`, range: defined }] } : {}),
  });

export const cycle = (names: readonly string[], range: SourceRange, others: readonly { name: string; range: SourceRange }[]): Problem =>
  problem("dockerfile/stage-cycle", `Cannot order the stages: ${names.map((name) => `"${name}"`).join(" needs ")}`, range, {
    related: others.map((other) => ({ message: `"${other.name}" is needed here`, range: other.range })),
  });

export const fromVariable = (flag: string, value: string, range: SourceRange): Problem =>
  problem("dockerfile/from-variable", `Cannot use "${value}" for ${flag}: variables are not expanded there`, range, {
    hint: `give the image a stage: FROM ${value} AS name, with ARG before the first FROM`,
  });

/** `cause` is the resolver's error: its message is a sentence of its own. */
export const resolveFailed = (code: string, message: string, hint: string | undefined, range: SourceRange): Problem =>
  problem(code, message, range, { hint });

/** The same for a name that is nearly a stage's; `word` is where it stands. */
export const resolveFailedNear = (code: string, message: string, stage: string, word: Word): Problem =>
  problem(code, message, word.range, {
    hint: `did you mean the stage "${stage}"?`,
    fix: fixOf(`Write ${stage}`, [replaceWord(word, stage)], false),
  });

// Single instructions

export const heredocDestination = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/heredoc-destination", `Cannot use a heredoc as the destination of ${instruction}`, range);

export const invalidChmod = (value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-chmod", `Cannot use "${value}" for --chmod`, range, {
    hint: "octal from 0 to 07777, or as chmod(1) has it: u=rwX,go=rX",
  });

export const invalidChecksum = (value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-checksum", `Cannot use "${value}" for --checksum`, range, {
    hint: "sha256: and 64 hex digits; for Git a commit",
  });

export const checksumSource = (range: SourceRange): Problem =>
  problem(
    "dockerfile/checksum-source",
    "Cannot use --checksum here: it needs exactly one source, which is a URL or a Git repository",
    range,
  );

export const remoteCopy = (source: string, range: SourceRange): Problem =>
  problem("dockerfile/remote-copy", `Cannot copy "${source}": COPY takes no URLs`, range, { hint: "use ADD" });

export const invalidGit = (source: string, why: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-git", `Cannot use "${source}" as a Git repository: ${why}`, range);

export const invalidPort = (port: string, why: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-port", `Cannot expose "${port}": ${why}`, range, { hint: "a port is 80, 80/udp or 8000-8010" });

export const invalidSignal = (signal: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-signal", `Cannot use "${signal}" as a signal`, range, { hint: "a name such as SIGTERM, or a number" });

export const emptyVolume = (range: SourceRange): Problem =>
  problem("dockerfile/empty-volume", "Cannot make a volume of an empty path", range);

export const shellForm = (text: string, range: SourceRange): Problem =>
  problem("dockerfile/shell-form", "Cannot set the shell: SHELL takes a JSON array", range, {
    hint: `write SHELL [${text
      .split(/\s+/)
      .map((word) => JSON.stringify(word))
      .join(", ")}]`,
  });

export const triggerForbidden = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/onbuild-trigger", `Cannot use ${instruction} as an ONBUILD trigger`, range);

export const healthcheckType = (type: string, range: SourceRange): Problem =>
  problem("dockerfile/healthcheck-type", `Cannot read HEALTHCHECK ${type}`, range, {
    hint: "write HEALTHCHECK CMD command, or HEALTHCHECK NONE",
  });

export const healthcheckNone = (range: SourceRange): Problem =>
  problem("dockerfile/healthcheck-type", "Cannot give arguments to HEALTHCHECK NONE", range);

export const invalidDuration = (flag: string, value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-duration", `Cannot use "${value}" for --${flag}`, range, {
    hint: "a duration is 30s, 1m30s or 500ms; 0, or at least 1ms",
  });

export const invalidCount = (flag: string, value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-count", `Cannot use "${value}" for --${flag}: it is a whole number of at least 0`, range);

export const invalidMount = (mount: string, why: string, range: SourceRange, hint?: string): Problem =>
  problem("dockerfile/invalid-mount", `Cannot use the mount "${mount}": ${why}`, range, { hint });

/** `range` is that of the whole mount; a key is underlined where it stands in it. */
export const mountKey = (mount: string, key: string, keys: readonly string[], range: SourceRange): Problem => {
  const place = mountPart(mount, new RegExp(`(?:^|,)(${escapeRegExp(key)})(?=[=,]|$)`, "i"), range);
  const message = `Cannot use the mount "${mount}": there is no option "${key}"`;
  return problem("dockerfile/invalid-mount", message, place ?? range, place && nearest(key, keys, place));
};

export const mountChoice = (mount: string, key: string, value: string, choices: readonly string[], range: SourceRange): Problem => {
  const place = mountPart(mount, new RegExp(`(?:^|,)${escapeRegExp(key)}=(${escapeRegExp(value)})(?=,|$)`, "i"), range);
  const message = `Cannot use the mount "${mount}": "${value}" is no ${key}`;
  const near = place && value !== "" ? nearest(value, choices, place) : undefined;
  return problem("dockerfile/invalid-mount", message, place ?? range, near ?? { hint: `it is one of ${choices.join(", ")}` });
};

/** The place of a form's only group in a mount. */
function mountPart(mount: string, form: RegExp, range: SourceRange): SourceRange | undefined {
  const found = form.exec(mount);
  if (!found || found[1] === undefined) return undefined;
  const end = found.index + found[0].length;
  return partRange({ text: mount, range }, end - found[1].length, end);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export const invalidEpoch = (value: string): Problem =>
  problem(
    "dockerfile/invalid-epoch",
    `Cannot use "${value}" as SOURCE_DATE_EPOCH: it is neither a number, nor context, nor a stage or context`,
    undefined,
    {
      hint: "give seconds since 1970, such as 1700000000",
    },
  );

export const epochStage = (name: string, why: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-epoch", `Cannot take SOURCE_DATE_EPOCH from the stage "${name}": ${why}`, range, {
    hint: "such a stage is FROM scratch with ARGs and one ADD of a URL or a repository",
  });

export const invalidCheck = (why: string, range: SourceRange | undefined): Problem =>
  problem("dockerfile/invalid-check", `Cannot read the check directive: ${why}`, range, {
    hint: "write # check=skip=RuleA,RuleB;error=true",
  });

export const lintErrors = (rules: readonly string[]): Problem =>
  problem("dockerfile/lint", `Cannot build: warnings count as errors here, and these rules were broken: ${rules.join(", ")}`, undefined);

export const stepComment = (why: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-step-comment", `Cannot read the comment "# tsbuild: …" above this instruction: ${why}`, range, {
    hint: "write # tsbuild: cache=never or # tsbuild: cache=24h above RUN, COPY, ADD or WORKDIR",
  });

export const invalidTrigger = (trigger: string, message: string, range: SourceRange): Problem =>
  problem("dockerfile/onbuild-trigger", `Cannot run the base image's ONBUILD trigger "${trigger}": ${message}`, range);

export const invalidIgnoreFile = (message: string): Problem =>
  problem("dockerfile/invalid-ignore-pattern", `Cannot read .dockerignore: ${message}`, undefined);
