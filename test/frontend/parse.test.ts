import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import type { Instruction } from "../../frontend/dockerfile/ast.js";
import { readIgnoreLines } from "../../frontend/dockerfile/syntax/dockerignore.js";
import { DockerfileParser } from "../../frontend/dockerfile/syntax/grammar.js";
import { parseGitSource } from "../../frontend/dockerfile/values/git-source.js";
import { heredocsOfLine, parseHeredoc } from "../../frontend/dockerfile/syntax/heredoc.js";
import { isSignal } from "../../frontend/dockerfile/instructions/stopsignal.js";
import { createLexer } from "../../frontend/dockerfile/syntax/lexer.js";
import { ruleSlug } from "../../frontend/dockerfile/lint/rule.js";
import { RULES } from "../../frontend/dockerfile/lint/all-rules.js";
import { parseDockerfile } from "../../frontend/dockerfile/syntax/parse.js";
import { printDockerfile } from "../../frontend/dockerfile/syntax/print.js";
import { parseMode } from "../../frontend/dockerfile/values/mode.js";

const parse = (text: string) => parseDockerfile(text, "Dockerfile");
const only = (text: string): Instruction => parse(text).ast.instructions[0] as Instruction;

test("the lexer's and the grammar's definitions are valid", (t) => {
  t.notThrows(() => createLexer({ validate: true }));
  t.notThrows(() => new DockerfileParser({ validate: true }));
});

test("heredoc words", (t) => {
  for (const text of ["<<EOF", "<<'EOF'", '<<"EOF"', "<<-EOF", "<<-'EOF'", '<<EO"F"', "<< EOF", "<<- EOF"])
    t.is(parseHeredoc(text)?.name, "EOF", text);
  for (const text of ["", "EOF", "<<", "<<-", "<EOF", "<<<EOF", "<<EOF sh", "<<'EOF"]) t.is(parseHeredoc(text), undefined, text);
  for (const text of ["<<'EOF", '<<"EOF', "<<EOF'"]) t.throws(() => parseHeredoc(text, true), undefined, text);
  const names = (line: string): readonly string[] => heredocsOfLine(line).map(({ name }) => name);
  t.deepEqual(names("RUN <<EOF <<EOF2"), ["EOF", "EOF2"]);
  t.deepEqual(names("RUN 4<<EOF"), ["EOF"]);
  t.deepEqual(names("RUN << -EOF"), ["-EOF"]);
  t.deepEqual(names("RUN <<  EOF  > foo"), ["EOF"]);
  t.deepEqual(names("RUN '<<EOF'"), []);
  t.deepEqual(names('RUN "<<EOF"'), []);
  t.deepEqual(names("RUN <<$EOF"), ["$EOF"]);
  t.is(parseHeredoc("<<eo\\'f")?.expand, true);
  t.is(parseHeredoc("<<'e'o\\'f")?.expand, false);
  t.is(parseHeredoc("3<<-X")?.fd, 3);
});

test("heredoc bodies", (t) => {
  const holder = (node: Instruction): Instruction => (node.kind === "onbuild" && node.trigger ? node.trigger : node);
  const heredocs = (text: string) => holder(only(text)).heredocs.map(({ name, content, expand, chomp }) => [name, content, expand, chomp]);
  t.deepEqual(heredocs("RUN <<EMPTY\nEMPTY\n"), [["EMPTY", "", true, false]]);
  t.deepEqual(heredocs("COPY <<X <<Y /dest\nY\nX\nX\nY\n"), [
    ["X", "Y\n", true, false],
    ["Y", "X\n", true, false],
  ]);
  t.deepEqual(heredocs("RUN <<-U\n\tbaz\n\t\tquux\n\tU\n"), [["U", "\tbaz\n\t\tquux\n", true, true]]);
  t.deepEqual(heredocs("RUN <<'one two'\necho\none two"), [["one two", "echo\n", false, false]]);
  t.deepEqual(heredocs("RUN <<A\r\n# no comment\r\nx \\\r\nA\r\n"), [["A", "# no comment\r\nx \\\r\n", true, false]]);
  t.deepEqual(heredocs("ONBUILD COPY <<a /b\n1\na\n"), [["a", "1\n", true, false]]);
  t.deepEqual(heredocs('RUN ["<<EOF"]\n'), []);
  t.deepEqual(heredocs("USER <<INVALID\n"), []);
  t.deepEqual(heredocs("RUN a \\\n <<E\nb\nE"), [["E", "b\n", true, false]]);
  t.is(parse("RUN <<E\nx").diagnostics[0]?.code, "dockerfile/unterminated-heredoc");
});

test("exec form or shell form", (t) => {
  const form = (text: string): unknown => {
    const node = only(text);
    if (node.kind !== "run") return undefined;
    return node.command?.form === "exec" ? node.command.args.map((word) => word.text) : node.command?.text;
  };
  t.deepEqual(form('RUN ["a", "b c", "\\u0041"]'), ["a", "b c", "A"]);
  t.deepEqual(form("RUN  [ ]  "), []);
  t.is(form("RUN ['a']"), "['a']");
  t.is(form('RUN ["a"] b'), '["a"] b');
  t.is(form('RUN ["a",]'), '["a",]');
  t.is(form("RUN [ -f x ] && y"), "[ -f x ] && y");
  t.deepEqual(form('RUN ["a", \\\n # no\n "b"]'), ["a", "b"]);
  t.deepEqual(form('RUN --network=none ["a"]'), ["a"]);
  t.is(parse('RUN ["a", 1]').diagnostics[0]?.code, "dockerfile/json-members");
});

test("flags: only in front, quotes and escapes resolved, -- ends them", (t) => {
  const flags = (text: string) => only(text).flags.map(({ name, value }) => [name, value]);
  t.deepEqual(flags("COPY --from=a --link b --c d"), [
    ["from", "a"],
    ["link", undefined],
  ]);
  t.deepEqual(flags("RUN --mount=type=bind,'target=/a b' x"), [["mount", "type=bind,target=/a b"]]);
  t.deepEqual(flags('RUN --x="a\\"b" y'), [["x", 'a"b']]);
  t.deepEqual(flags("RUN -- --x"), []);
  t.deepEqual(flags("RUN --"), []);
  t.deepEqual(flags("HEALTHCHECK --interval=1s CMD --x"), [["interval", "1s"]]);
});

test("names and values", (t) => {
  const pairs = (text: string): unknown => {
    const node = only(text);
    return node.kind === "env" || node.kind === "label" ? node.pairs.map(({ name, value }) => [name.text, value.text]) : undefined;
  };
  t.deepEqual(pairs("ENV a=1 b=\"x y\" c='z' d=e\\ f g="), [
    ["a", "1"],
    ["b", '"x y"'],
    ["c", "'z'"],
    ["d", "e\\ f"],
    ["g", ""],
  ]);
  t.deepEqual(pairs("ENV name the  rest = all "), [["name", "the  rest = all"]]);
  t.deepEqual(pairs("LABEL a=b=c"), [["a", "b=c"]]);
  t.deepEqual(pairs("# escape=`\nENV a=C:\\ b=`\n  2"), [
    ["a", "C:\\"],
    ["b", ""],
  ]);
  t.is(parse("ENV a=1 b").diagnostics[0]?.code, "dockerfile/missing-equals");
  t.is(parse("ENV a").diagnostics[0]?.code, "dockerfile/missing-value");
});

test("directives: only on top, escape changes continuation", (t) => {
  const { ast } = parse("# Syntax = a/b:1\n#check=skip=all\n# escape = `\nFROM a\nRUN x `\n  y \\\n");
  const afterShebang = parse("#!/usr/bin/env x\n# syntax=a/b\n# escape=`\nFROM a").ast.directives;
  t.is(afterShebang.escape, "\\");
  t.is(afterShebang.syntax?.value, "a/b");
  t.is(ast.directives.escape, "`");
  t.is(ast.directives.syntax?.value, "a/b:1");
  t.is(ast.directives.check?.value, "skip=all");
  t.is(ast.instructions[1]?.text, "RUN x   y \\");
  t.is(parse("# a comment\n# escape=`\nFROM a").ast.directives.escape, "\\");
  t.is(parse("# escape=x\nFROM a").diagnostics[0]?.code, "dockerfile/invalid-escape");
  t.is(parse("# escape=`\n# ESCAPE=`\nFROM a").diagnostics[0]?.code, "dockerfile/repeated-directive");
});

test("lines: BOM, CRLF, comments inside, doubled escapes, an escape at the end", (t) => {
  t.is(only("\uFEFFFROM a\r\n").range.column, 1);
  t.is(only("\r\n  \t run a \\\r\n# no\r\n  b\r\n").text, "run a   b");
  t.is(parse("RUN a \\\\\nUSER b").ast.instructions.length, 2);
  t.is(only("RUN a \\").text, "RUN a");
  t.is(only("\\\nRUN a").text, "RUN a");
  t.is(parse("").diagnostics[0]?.code, "dockerfile/no-instructions");
  t.is(parse("# only\n\n").diagnostics[0]?.code, "dockerfile/no-instructions");
});

test("what is no text is recognized by how it begins", (t) => {
  const said = (bytes: Buffer) => parse(bytes.toString("utf8")).diagnostics.map(({ code, message }) => `${code} ${message}`);
  const utf16 = ["dockerfile/not-text Cannot read the Dockerfile: it is UTF-16 text"];
  const file = "FROM scratch\nCOPY a /\n";
  const big = (text: string) => Buffer.from(text, "utf16le").swap16();
  for (const text of [file, `\ufeff${file}`, "# é\nFROM a\n"]) {
    t.deepEqual(said(Buffer.from(text, "utf16le")), utf16);
    t.deepEqual(said(big(text)), utf16);
  }
  t.deepEqual(said(Buffer.from("504b0304140000000000", "hex")), ["dockerfile/not-text Cannot read the Dockerfile: it is a zip archive"]);
  t.deepEqual(said(Buffer.from("FROM a\n# \0\0\n")), []);
});

test("a chain of ONBUILD, however long, is one trigger that is none", (t) => {
  for (const length of [2, 7000]) {
    const text = `FROM a\n${"ONBUILD ".repeat(length)}RUN x\nCOPY a b\n`;
    const { ast, diagnostics } = parse(text);
    t.deepEqual(diagnostics, []);
    t.deepEqual(
      ast.instructions.map(({ kind }) => kind),
      ["from", "onbuild", "copy"],
    );
    const [, chain] = ast.instructions;
    t.is(chain?.kind === "onbuild" && chain.trigger?.kind, "onbuild");
    t.is(printDockerfile(ast), text);
  }
});

test("small grammars", (t) => {
  t.deepEqual(["755", "07777", "u=rwX,go=rX", "+x", "g=u", "10000", "9", "rwx", ""].map(parseMode), [
    0o755,
    0o7777,
    "u=rwX,go=rX",
    "+x",
    "g=u",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  t.true(["SIGTERM", "term", "9", "RTMIN+3", "SIGUSR1"].every(isSignal));
  t.true(["65", "-1"].every(isSignal));
  t.false(["SIGFOO", "0", "", "RTMIN+99", "1x"].some(isSignal));
  t.like(parseGitSource("https://h/o/r.git?tag=v1&keep-git-dir#"), { remote: "https://h/o/r.git", ref: "refs/tags/v1", keepGitDir: true });
  t.like(parseGitSource("git@h:o/r.git#main:sub"), { ref: "main", subdir: "sub" });
  t.is(parseGitSource("https://h/o/r.tar.gz"), undefined);
  t.is(parseGitSource("dir/file"), undefined);
  t.is(typeof parseGitSource("https://h/r.git?nope=1"), "string");
  const lines = readIgnoreLines("\uFEFF# c\n /a/ \n!/b/../c\r\n\n #no\n! d").map(({ pattern, line }) => `${line} ${pattern}`);
  t.deepEqual(lines, ["2 a", "3 !c", "5 #no", "6 !d"]);
});

test("an edited tree prints the edited file", (t) => {
  const { ast } = parse("FROM a # no comment\n# build\nRUN  x \\\n  y\n");
  const instructions = ast.instructions.map((node) => (node.kind === "run" ? { ...node, source: 'RUN ["x", "y"]' } : node));
  t.is(printDockerfile({ ...ast, instructions }), 'FROM a # no comment\n# build\nRUN ["x", "y"]\n');
});

test("a long file is read in blocks, with every place as in the file", (t) => {
  const lines = Array.from({ length: 2500 }, (_, i) => (i % 3 === 0 ? `# note ${i}\nRUN a ${i} \\\n  b` : `LABEL l${i}="v ${i}"`));
  // Instruction 1000 begins the second block: the line above it is in the first.
  lines[999] = "RUN git";
  lines[1000] = "clone x";
  const text = `FROM scratch\n${lines.slice(1).join("\n")}\n`;
  const { parse: original } = DockerfileParser.prototype;
  let most = 0;
  DockerfileParser.prototype.parse = function (tokens, builder) {
    most = Math.max(most, tokens.length);
    return original.call(this, tokens, builder);
  };
  t.teardown(() => Object.assign(DockerfileParser.prototype, { parse: original }));
  const { ast } = parse(text);
  t.true(most > 1000 && most < 10_000, `${most} tokens at a time`);
  t.is(printDockerfile(ast), text);
  t.is(ast.instructions.length, 2499);
  const rows = text.split("\n");
  const misplaced = ast.instructions.filter(({ source, range, keyword: { text: word, range: at } }) => {
    return text.slice(range.start, range.end) !== source || rows[at.line - 1]?.slice(at.column - 1, at.endColumn - 1) !== word;
  });
  t.deepEqual(misplaced, []);
  t.deepEqual(
    ast.problems.map(({ code, hint, range }) => [code, hint, text.slice(range?.start, range?.end)]),
    [["dockerfile/unknown-instruction", "is a \\ missing at the end of the line above, so that RUN goes on here?", "clone"]],
  );
});

test("one line may have 65,535 bytes", (t) => {
  const long = (bytes: number, end: string): string => `FROM a\nRUN ${"é".repeat((bytes - 4) / 2)}${"x".repeat(bytes % 2)}${end}`;
  t.deepEqual(parse(long(65_535, "\n")).diagnostics, []);
  t.deepEqual(parse(long(65_535, "")).diagnostics, []);
  t.deepEqual(
    parse(long(65_536, "\n")).diagnostics.map(({ code, range }) => [code, range?.line]),
    [["dockerfile/long-line", 2]],
  );
  t.is(parse(`FROM a\nCOPY <<E /f\n${"x".repeat(70_000)}\nE\n`).diagnostics[0]?.code, "dockerfile/long-line");
});

test("compiling does not load the parser", (t) => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    t.false(/^import [^;]*"chevrotain"/m.test(text), file);
    for (const [, path] of text.matchAll(/^(?:import|export)\s(?!type\s)[^;]*?from "(\.[^"]+)\.js"/gm))
      visit(join(dirname(file), `${path}.ts`));
  };
  visit(join(packageRoot(), "frontend/dockerfile/compile.ts"));
  t.true(seen.size > 40);
});

test("every lint rule is in the table, in a file that is called like its page", (t) => {
  const files = readdirSync(join(packageRoot(), "frontend/dockerfile/lint/rules")).map((name) => name.replace(/\.ts$/, ""));
  const pages = RULES.map((rule) => ruleSlug(rule.name));
  t.is(pages.length, files.length);
  t.deepEqual(
    files.filter((file) => !pages.includes(file)),
    [],
  );
});
