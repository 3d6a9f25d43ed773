import type { SourceRange } from "../../../core/diagnostics.js";
import { withoutUserinfo } from "../../../core/text/address.js";
import { partRange } from "./edits.js";
import { nearest, problem } from "./make-problem.js";
import type { Problem } from "../problem.js";

/** Messages about single instructions, their values and mounts. */

export const heredocDestination = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/heredoc-destination", `Cannot use a heredoc as the destination of ${instruction}`, range);

export const invalidChmod = (value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-chmod", `Cannot use "${value}" for --chmod`, range, {
    hint: "octal from 0 to 07777, or as chmod(1) has it: u=rwX,go=rX",
  });

export const invalidChown = (value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-chown", `Cannot use "${value}" for --chown: it has more than a user and a group`, range, {
    hint: "write user or user:group, as names or ids",
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
  problem("dockerfile/remote-copy", `Cannot copy "${withoutUserinfo(source)}": COPY takes no URLs`, range, { hint: "use ADD" });

export const invalidGit = (source: string, why: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-git", `Cannot use "${withoutUserinfo(source)}" as a Git repository: ${why}`, range);

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

/** `range` is the whole mount's. A key is underlined where it stands in the mount. */
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

/** Returns the place of a pattern's only group in a mount. */
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
  problem("dockerfile/onbuild-trigger", withoutUserinfo(`Cannot run the base image's ONBUILD trigger "${trigger}": ${message}`), range);

export const invalidIgnoreFile = (message: string): Problem =>
  problem("dockerfile/invalid-ignore-pattern", `Cannot read .dockerignore: ${message}`, undefined);
