import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { Fix } from "../../../core/diagnostics.js";
import { packageRoot } from "../../../core/package-root.js";
import { applyFixes } from "../../../core/text/text-edits.js";
import { checkDockerfile, type LintWarning } from "../../../frontend/dockerfile/check.js";
import { shellCommands } from "../../../frontend/dockerfile/lint/shell-commands.js";
import { type LintRule, ruleSlug } from "../../../frontend/dockerfile/lint/rule.js";
import { RULES } from "../../../frontend/dockerfile/lint/all-rules.js";
import { parseDockerfile } from "../../../frontend/dockerfile/syntax/parse.js";
import { casePath } from "../../support/golden.js";
import { plainImages } from "../../support/images/plain-images.js";
import { parseSections } from "../../support/sections.js";
import { PLAIN_OPTIONS } from "../../support/samples/frontend-options.js";

async function look(text: string, { ignore = "", own = true, check }: { ignore?: string; own?: boolean; check?: string } = {}) {
  return checkDockerfile(
    parseDockerfile(text, "Dockerfile").ast,
    {
      ...PLAIN_OPTIONS,
      text,
      buildArgs: check === undefined ? {} : { BUILDKIT_DOCKERFILE_CHECK: check },
    },
    plainImages(ignore),
    own,
  );
}

async function names(text: string, options?: Parameters<typeof look>[1]): Promise<readonly string[]> {
  return (await look(text, options)).warnings.map((warning) => warning.rule);
}

const isSafe = (warning: LintWarning): warning is LintWarning & { readonly fix: Fix } => warning.fix?.safe === true;

/** Returns the text after all safe fixes. */
async function fix(text: string): Promise<string> {
  for (let round = 0; round < 10; round++) {
    const { text: fixed, applied } = applyFixes(text, (await look(text)).warnings.filter(isSafe));
    if (applied.length === 0) return text;
    text = fixed;
  }
  throw new Error("fixes do not come to an end");
}

const pages = join(packageRoot(), "docs", "lint");

function block(page: string, heading: string, language: string): string | undefined {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0];
  return new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section ?? "")?.[1];
}

for (const rule of RULES as readonly LintRule[]) {
  test(`page: ${rule.name}`, async (t) => {
    const page = readFileSync(join(pages, `${ruleSlug(rule.name)}.md`), "utf8");
    const [, heading, description] = /^# (.*)\n\n> ((?:.+\n)+)\n/.exec(page) ?? [];
    t.deepEqual([heading, description?.trimEnd().replaceAll("\n> ", " ")], [rule.name, rule.description]);
    t.is(rule.own ?? false, page.includes("A rule of tsbuild's own"));
    t.is(rule.experimental ?? false, page.includes("A rule of BuildKit's, off unless"));
    const ignore = block(page, "Bad", "dockerignore") ?? "";
    const bad = block(page, "Bad", "dockerfile") ?? "";
    const found = (await look(bad, { ignore })).warnings.filter((warning) => warning.rule === rule.name);
    t.true(found.length > 0, "the bad example breaks the rule");
    for (const { range } of found) t.truthy(range);
    t.false((await names(block(page, "Good", "dockerfile") ?? "", { ignore })).includes(rule.name), "the good one does not");
    t.is(page.includes("`tsbuild check --fix` fixes it"), found.some(isSafe), "what the page says about a fix");
    t.is(
      page.includes("The hint shows a line that fixes it") && !page.includes("--fix` fixes"),
      found.some(({ fix }) => fix?.safe === false),
    );
    if (!found.some(isSafe)) return;
    const fixed = await fix(bad);
    t.false((await names(fixed, { ignore })).includes(rule.name), fixed);
    t.is(await fix(fixed), fixed);
  });
}

test("rules that are not BuildKit's are quiet in builds, unless they are named", async (t) => {
  t.deepEqual(await names("FROM alpine", { own: false }), []);
  t.deepEqual(await names("FROM alpine"), ["UnpinnedBase"]);
  t.deepEqual(await names("# check=experimental=all\nFROM alpine", { own: false }), []);
  t.deepEqual(await names("# check=experimental=UnpinnedBase\nFROM alpine", { own: false }), ["UnpinnedBase"]);
  t.deepEqual(await names("# check=skip=UnpinnedBase\nFROM alpine"), []);
  t.deepEqual(await names("# a\n# check=skip=UnpinnedBase\nFROM alpine\n"), []);
  t.deepEqual((await look("# check=error=true\nFROM alpine")).errors, []);
  t.is((await look("# check=error=true;experimental=UnpinnedBase\nFROM alpine")).errors[0]?.code, "dockerfile/lint");
});

test("the build argument takes the place of the directive", async (t) => {
  const text = "# check=skip=FromAsCasing\n\nFROM scratch as a\nENV a b\n";
  t.deepEqual(await names(text), ["LegacyKeyValueFormat"]);
  t.deepEqual(await names(text, { check: "skip=LegacyKeyValueFormat" }), ["FromAsCasing"]);
  t.deepEqual(await names(text, { check: "skip=all" }), []);
  t.deepEqual(
    (await look(text, { check: "error=true" })).errors.map(({ message }) => message),
    ["Cannot build: warnings count as errors here, and these rules were broken: FromAsCasing, LegacyKeyValueFormat"],
  );
});

test("the build argument takes the place of a directive right above FROM, which is a comment of FROM, too", async (t) => {
  for (const top of ["# check=skip=all", "# syntax=docker/dockerfile:1\n# check=skip=all", "# check=skip=all\n# a comment"]) {
    const text = `${top}\nFROM scratch as a\n`;
    t.deepEqual(await names(text, { own: false }), [], top);
    t.deepEqual(await names(text, { own: false, check: "skip=none" }), ["FromAsCasing"], top);
    t.is((await look(text, { own: false, check: "error=true" })).errors[0]?.code, "dockerfile/lint", top);
  }
  // A comment of FROM's own stays one.
  const own = "# check=skip=all\n\n# check=skip=FromAsCasing\nFROM scratch as a\nENV a b\n";
  t.deepEqual(await names(own, { own: false, check: "skip=none" }), ["LegacyKeyValueFormat"]);
});

/** Dockerfile (one RUN, mostly) and the own rules it breaks, with what is underlined. */
const OWN: readonly (readonly [dockerfile: string, ...found: string[]])[] = [
  ["RUN apt-get -q update", "AptGetUpdateAlone: apt-get -q update"],
  ["RUN sudo -E /usr/bin/apt update \\\n  && true", "AptGetUpdateAlone: /usr/bin/apt update"],
  ["RUN apt-get update; apt-get upgrade -y"],
  ['RUN echo "apt-get update"'],
  ['SHELL ["powershell"]\nRUN apt-get update'],
  ["RUN a | b", "PipeWithoutPipefail: |"],
  ["RUN a \\\n # c\n  && b --x \\\n\n  | c", "NoEmptyContinuation: ", "PipeWithoutPipefail: |"],
  ["RUN a | b || true"],
  ["RUN if a | b; then c; fi"],
  ["RUN if ! a | b; then c; elif d && e | f; then g; fi"],
  ["RUN while a | b; do c; done; until a | b\\\n; do c; done"],
  ["RUN ! a | b"],
  ["RUN ! a | b | c && d"],
  ["RUN if a; then b | c; fi", "PipeWithoutPipefail: |"],
  ["RUN <<EOF\nif a | b\nthen\n  c | d\nfi\nEOF", "HeredocWithoutErrexit: <<EOF", "PipeWithoutPipefail: |"],
  ["RUN a | b && c", "PipeWithoutPipefail: |"],
  ["RUN a | b && c || d"],
  ["RUN a | b && c; d"],
  ["RUN a | grep -q b && c"],
  ["RUN a | b | fgrep --quiet c && d"],
  ["RUN echo y | b"],
  ["RUN grep x SUMS | sha256sum -c -"],
  ["RUN set -o pipefail && a | b"],
  ["RUN set -euxo pipefail; a | b"],
  ['SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN a | b'],
  ["RUN a || b; [[ x =~ (a|b) ]]; case $x in a|b) c;; esac; x=$(a | b); y='a | b'; z=\"a | b\" # a | b"],
  ['RUN ["a", "|", "b"]'],
  ["RUN <<EOF\na | b\nEOF", "PipeWithoutPipefail: |"],
  ["RUN <<EOF\na\nb\nEOF", "HeredocWithoutErrexit: <<EOF"],
  ['RUN <<-"EOF"\n\ta\n\tb\n\tEOF', 'HeredocWithoutErrexit: <<-"EOF"'],
  ["RUN bash <<EOF\na; b\nEOF", "HeredocWithoutErrexit: <<EOF"],
  ["RUN bash -e <<EOF\na; b\nEOF"],
  ["RUN <<EOF\na && \\\nb\nEOF"],
  ["RUN <<EOF\n# c\nif a; then\n  b\nfi\nEOF", "HeredocWithoutErrexit: <<EOF"],
  ["RUN <<EOF\nset -eux\na\nb\nEOF"],
  ["RUN <<EOF\n#!/bin/bash -e\na\nb\nEOF"],
  ["RUN <<EOF\n#!/usr/bin/env python3\na = 1\nb = 2 | 3\nEOF"],
  ["RUN python3 <<EOF\na\nb | c\nEOF"],
  ["COPY <<EOF /x\na\nb | c\nEOF"],
  ["ADD a.txt /x/", "AddInsteadOfCopy: ADD"],
  ["ADD a.tar.gz /x/"],
  ["ADD $X /x/", "UndefinedVar: X"],
  ["ADD --unpack=true a.txt /x/"],
  ["ADD git@example.org:a/b.git /x/"],
  ["ADD https://example.org/a.git#v1 /x/"],
  ["ADD https://example.org/a.txt /x/", "UnpinnedDownload: https://example.org/a.txt"],
  ["RUN curl -fsSL https://x.sh | bash -s -- -y", "UnpinnedDownload: curl -fsSL https://x.sh | bash -s -- -y", "PipeWithoutPipefail: |"],
  ["RUN wget -qO- https://x.sh | sudo sh", "UnpinnedDownload: wget -qO- https://x.sh | sudo sh", "PipeWithoutPipefail: |"],
  ['RUN sh -c "$(curl -fsSL https://x.sh)"', 'UnpinnedDownload: sh -c "$(curl -fsSL https://x.sh)"'],
  ["RUN bash <(curl -s https://x.sh)", "UnpinnedDownload: bash <(curl -s https://x.sh)"],
  ["RUN curl https://x/k.gpg | gpg --dearmor", "PipeWithoutPipefail: |"],
  ["RUN curl https://x.json | python3 -c 'import json'", "PipeWithoutPipefail: |"],
  ["COPY . .\nRUN pip install --no-cache-dir -r requirements.txt", "CopyBeforeInstall: ."],
  ["COPY . .\nRUN pip install -e . -r requirements.txt"],
  ["COPY . .\nRUN npm install -g typescript && npm run build"],
  ["COPY . .\nRUN npm install left-pad"],
  ["COPY . /app\nRUN cd /app && npm ci --registry https://example.org", "CopyBeforeInstall: ."],
  ["COPY package.json .\nRUN yarn\nCOPY . .\nRUN yarn install"],
  ["COPY --from=busybox:1 . .\nRUN yarn"],
  ["COPY ./ /x\nRUN go mod download", "CopyBeforeInstall: ./"],
  ["COPY . .\nRUN go build ./..."],
  ["RUN echo AKIAIOSFODNN7EXAMPLE", "SecretInRun: AKIAIOSFODNN7EXAMPLE"],
  ['RUN curl -H "Authorization: Bearer $TOKEN" https://u:$P@example.org'],
  ["RUN git clone https://u:p4ss@example.org/a", "SecretInRun: https://u:p4ss@example.org"],
  ["RUN npm config set //r/:_authToken=abcdefghijklmnop123", "SecretInRun: _authToken=abcdefghijklmnop123"],
  ["COPY --from=busybox /a /b", "UnpinnedBase: busybox"],
  ["COPY --from=example.org:5000/x:latest /a /b", "UnpinnedBase: example.org:5000/x:latest"],
  ["COPY --from=example.org:5000/x:1 /a /b\nCOPY --from=0 a b"],
];

for (const [dockerfile, ...expected] of OWN) {
  test(`own rules: ${dockerfile}`, async (t) => {
    const text = `FROM example.org/x:1 AS base\n${/--from=0/.test(dockerfile) ? "FROM example.org/x:1\n" : ""}${dockerfile}\n`;
    const { warnings, errors } = await look(text);
    t.deepEqual(errors, []);
    t.deepEqual(
      warnings.map(({ rule, range }) => `${rule}: ${range ? text.slice(range.start, range.end).replace(/\s*\\\n.*$/s, "") : "?"}`),
      expected,
    );
  });
}

test("commands of a script are found where they are", (t) => {
  const read = (script: string) =>
    shellCommands(script).map(({ words, operator }) => `${operator === "\n" ? "\\n" : operator}> ${words.join(" ")}`);
  t.deepEqual(read("A=1 a b | c 2>&1 && d > /x || e & f"), ["> a b", "|> c", "&&> d /x", "||> e", "&> f"]);
  t.deepEqual(read("if a; then b; else c; fi"), ["> a", ";> b", ";> c", ";> fi"]);
  t.deepEqual(read("a \"b | c\" 'd && e' f\\ g $(h | i) `j | k` ${l|m}"), ["> a b | c d && e f g $(h | i) `j | k` ${l|m}"]);
  t.deepEqual(read("cat <<X | b\ny | z\nX\nc"), ["> cat", "|> b", "\\n> c"]);
  t.deepEqual(read("(a; b)\n{ c; }"), ["(> a", ";> b", "\\n> c", ";> }"]);
  t.deepEqual(
    read("a 'b"),
    ["> a b"].map((text) => text.slice(0, -1)),
  );
  t.deepEqual(read(""), []);
});

/** Files with what a real BuildKit warned about: `first-last rule: message`. */
for (const { title, sections } of parseSections(readFileSync(casePath("check", "buildkit.txt"), "utf8"))) {
  test(`as BuildKit: ${title}`, async (t) => {
    const text = sections.get("Dockerfile")?.replaceAll("\u240d", "\r") ?? "";
    const { warnings, errors } = await look(text, { ignore: sections.get("dockerignore") ?? "", own: false });
    const lines = warnings.map(({ lines: [first, last], rule, message }) => `${first}-${last} ${rule}: ${message}\n`).sort();
    t.is(errors.length > 0, sections.has("error"));
    // BuildKit stops at the first error; here the rest of the file is looked at too.
    const wanted = sections.get("warnings") ?? "";
    t.is((errors.length > 0 ? lines.filter((line) => wanted.includes(line)) : lines).join(""), wanted);
  });
}

const LINES = [
  "FROM scratch AS Base",
  "from example.org/x:1 as b",
  "From example.org/x:1 aS c",
  "FROM --platform=$TARGETPLATFORM example.org/x:1",
  "ARG a",
  "# note",
  "# check=experimental=all",
  "",
  'MAINTAINER a "b" $c \\\\ `d`',
  "maintainer x \\\n  y",
  "ENV a b c",
  "env a 'b c' d",
  'LABEL x "y z"',
  "ENV a=b \\\n\n   c=d \\\n# e\n\n   f=g",
  "EXPOSE 80/TCP 1.2.3.4:5:6/UDP $a/TCP",
  "ADD a.txt ./ /x/",
  "ADD a /x/",
  "CMD node server.js",
  "CMD cd x && y",
  "ENTRYPOINT a b",
  "CMD a \\\n b",
  "RUN a | b \\\n\n # c\n | sh",
  "RUN <<E\na\nb\nE",
  "cOpY a b",
  "BOGUS",
  "COPY --frm=a b c",
  "RUN <<E",
  "\u00e9\u{1f600} x",
];

test("fixes come to an end, leave nothing to fix, and change nothing in an image but what they say", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...LINES), { maxLength: 12 }), fc.constantFrom("\n", "\r\n"), async (lines, end) => {
      const text = `FROM example.org/x:1\n${lines.join("\n")}\n`.replaceAll("\n", end);
      const before = await look(text);
      const fixed = await fix(text);
      const after = await look(fixed);
      t.deepEqual(
        after.errors.map(({ code }) => code),
        before.errors.map(({ code }) => code),
        text,
      );
      t.false(after.warnings.some(isSafe));
      const { ast } = parseDockerfile(fixed, "Dockerfile");
      t.is(ast.instructions.length, parseDockerfile(text, "Dockerfile").ast.instructions.length);
    }),
    { numRuns: 150 },
  );
});

test("any text is a script", (t) => {
  const piece = fc.constantFrom(
    "a",
    " ",
    "\n",
    "|",
    "&",
    ";",
    "(",
    ")",
    "<",
    ">",
    "<<E",
    "$(",
    "${",
    "`",
    "'",
    '"',
    "\\",
    "#",
    "case x in",
    "esac",
    "[[",
    "]]",
    "1",
  );
  t.notThrows(() => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const script = pieces.join("");
        let last = 0;
        for (const { start, end, words } of shellCommands(script)) {
          if (start < last || end < start || end > script.length || words.length === 0) return false;
          last = end;
        }
        return true;
      }),
      { numRuns: 2000 },
    );
  });
});
