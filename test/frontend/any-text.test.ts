import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { sha256 } from "../../core/digest.js";
import { DiagnosticsError } from "../../core/errors.js";
import { compileDockerfile } from "../../frontend/dockerfile/compile.js";
import { parseDockerfile } from "../../frontend/dockerfile/syntax/parse.js";
import { printDockerfile } from "../../frontend/dockerfile/syntax/print.js";
import type { FrontendOptions } from "../../frontend/frontend.js";
import { casePath } from "../support/golden.js";
import { languageCases } from "../support/samples/language-cases.js";

const parse = (text: string) => parseDockerfile(text, "Dockerfile");

const LINE = fc.oneof(
  fc.constantFrom(
    "FROM a AS b",
    "RUN x \\",
    "# c",
    "",
    "COPY <<E <<'F' /x",
    "E",
    "F",
    'ENV a=$b c="d',
    'RUN ["a", "b"]',
    "ONBUILD RUN y",
    "HEALTHCHECK --x CMD z",
    "\\",
    "  \\ ",
    "FOO bar",
    "LABEL a b",
    "ONBUILD",
    'RUN --mount="a b',
    "\tEXPOSE  80  90",
    "# escape=`",
  ),
  fc.string({ maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom("<", "-", '"', "'", "\\", "$", "{", "}", "[", "]", " ", "\t", "`", "=", "#", ",", "a", "\r", "\u00a0", "\u2028"),
    maxLength: 20,
  }),
);

test("any text has an AST or problems, never an exception; its ranges are true", (t) => {
  t.notThrows(() => {
    fc.assert(
      fc.property(fc.array(LINE, { maxLength: 12 }), fc.constantFrom("\n", "\r\n"), (lines, end) => {
        const text = lines.join(end);
        const { ast, diagnostics } = parse(text);
        if (ast.instructions.length === 0 && !diagnostics.some(({ severity }) => severity === "error")) throw new Error("nothing said");
        let before = 0;
        for (const node of ast.instructions) {
          if (node.range.start < before || node.range.end > text.length) throw new Error("ranges overlap");
          before = node.range.end;
          if (text.slice(node.keyword.range.start, node.keyword.range.end) !== node.keyword.text) throw new Error("keyword range");
          // Text outside of instructions is blank, a comment, or has a problem.
          for (const flag of node.flags) if (!text.slice(flag.range.start, flag.range.end).startsWith("--")) throw new Error("flag range");
        }
        t.deepEqual(JSON.parse(JSON.stringify(ast)), ast);
        if (diagnostics.some(({ code }) => code === "dockerfile/syntax")) throw new Error("the grammar does not take what the lexer gives");
      }),
      { numRuns: 600 },
    );
  });
});

test("printing gives the source back, byte for byte", (t) => {
  const texts = [
    "\uFEFF# syntax=x\r\nFROM a AS b\r\n\r\n  RUN x \\\n # c\n  y  \nCOPY <<E /d \n body\nE\n# end",
    "NOPE x\nFROM a\nONBUILD RUN <<E\nx\nE\n\n",
    "",
    "\n\n# only",
    ...languageCases().map(({ dockerfile }) => dockerfile),
    ...readdirSync(casePath("dockerfile")).map((name) => readFileSync(casePath("dockerfile", name, "Dockerfile"), "utf8")),
  ];
  for (const text of texts) t.is(printDockerfile(parse(text).ast), text);
  fc.assert(
    fc.property(fc.array(LINE, { maxLength: 12 }), fc.constantFrom("\n", "\r\n"), (lines, end) => {
      const text = lines.join(end);
      if (printDockerfile(parse(text).ast) !== text) throw new Error("printed another text");
    }),
    { numRuns: 600 },
  );
});

test("arbitrary bytes never crash or hang the parser", (t) => {
  t.notThrows(() => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, from) => {
        const text = (from ? "FROM a\n" : "") + Buffer.from(bytes).toString(from ? "utf8" : "latin1");
        if (printDockerfile(parse(text).ast) !== text) throw new Error("printed another text");
      }),
      { numRuns: 400 },
    );
  });
});

test("any text compiles or is refused with diagnostics", async (t) => {
  const platform = { os: "linux", architecture: "amd64" };
  const digest = sha256("x");
  await t.notThrowsAsync(async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(LINE, { maxLength: 10 }), async (lines) => {
        const text = `FROM a AS b\n${lines.join("\n")}`;
        const options: FrontendOptions = {
          text,
          filename: "Dockerfile",
          buildArgs: {},
          labels: {},
          targetPlatform: platform,
          platformExplicit: false,
          buildPlatform: platform,
          noCache: false,
          network: "default",
          extraHosts: [],
        };
        const config = { os: "linux", architecture: "amd64", rootfs: { type: "layers" as const, diff_ids: [digest] } };
        try {
          await compileDockerfile(parse(text).ast, options, {
            resolveImage: async (ref) => ({
              ref,
              op: { kind: "source", identifier: `docker-image://${ref}`, attrs: {} },
              digest,
              platform,
              config,
            }),
            namedContext: async () => undefined,
            ignorePatterns: async () => [],
          });
        } catch (error) {
          if (!(error instanceof DiagnosticsError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });
});
