import { readFileSync } from "node:fs";
import test from "ava";
import { DiagnosticsError } from "../../core/errors.js";
import { renderDiagnostic } from "../../core/text/render-diagnostic.js";
import { evaluate } from "../../frontend/hcl/evaluate/evaluate.js";
import type { Scope } from "../../frontend/hcl/evaluate/scope.js";
import { standardFunctions } from "../../frontend/hcl/functions/table.js";
import { HclParser } from "../../frontend/hcl/syntax/grammar.js";
import { parseJsonBody } from "../../frontend/hcl/syntax/json.js";
import { createLexer } from "../../frontend/hcl/syntax/lexer.js";
import { parseExpression, parseHcl } from "../../frontend/hcl/syntax/parse.js";
import { toJson } from "../../frontend/hcl/values/json.js";
import { string } from "../../frontend/hcl/values/value.js";
import { casePath, golden } from "../support/golden.js";

const functions = standardFunctions({ now: () => 1_700_000_000_000, home: "/home/user" });
const scope: Scope = {
  variable: (name) => (name === "known" ? string("value") : undefined),
  function: (name) => functions.get(name),
  names: () => ["known"],
  functionNames: () => functions.keys(),
};

/** Returns the value as JSON, or the problems as they are shown. */
function outcome(text: string): { readonly value: string } | { readonly problems: string } {
  try {
    return { value: toJson(evaluate(parseExpression({ name: "bake.hcl", text }), scope)) };
  } catch (error) {
    if (!(error instanceof DiagnosticsError)) throw error;
    return { problems: error.diagnostics.map((one) => renderDiagnostic(one)).join("\n") };
  }
}

test("hcl: expressions have the values that buildx gives them", (t) => {
  const lines = readFileSync(casePath("hcl", "expressions.txt"), "utf8").split("\n").slice(1);
  const wrong: string[] = [];
  let count = 0;
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [text, wanted] = [lines[i] as string, (lines[i + 1] as string).slice("  => ".length)];
    const found = outcome(text);
    const shown = "value" in found ? found.value : "error";
    if (shown !== wanted) wrong.push(`${text}\n  wanted ${wanted}\n  found  ${"value" in found ? found.value : found.problems}`);
    count++;
  }
  t.true(count > 350);
  t.deepEqual(wrong, []);
});

test("hcl: problems are shown with their place", (t) => {
  const texts = readFileSync(casePath("hcl", "problems.txt"), "utf8").split("\n").filter(Boolean);
  const shown = texts.map((text) => {
    const found = outcome(text);
    return `${text}\n  => ${("value" in found ? found.value : found.problems).replaceAll("\n", "\n     ")}\n`;
  });
  golden(t, "hcl/problems.expected.txt", shown.join("\n"));
});

test("hcl: every call with a wrong number of arguments is a problem, no crash", (t) => {
  for (const name of functions.keys()) {
    for (const args of ["", "null", '"x"', "[]", "{}", "1, 2, 3, 4, 5, 6", '"%", [1], {}', '"(", "("', '"a", null', "-1, -1, -1"])
      t.notThrows(() => outcome(`${name}(${args})`), `${name}(${args})`);
  }
});

test("hcl: heredocs have the text that buildx gives them", (t) => {
  const source = { name: "heredocs.hcl", text: readFileSync(casePath("hcl", "heredocs.hcl"), "utf8") };
  const [block] = parseHcl(source).blocks;
  const found = JSON.parse(toJson(evaluate((block as NonNullable<typeof block>).body.attributes[0]?.expression as never, scope)));
  const wanted = JSON.parse(readFileSync(casePath("hcl", "heredocs.json"), "utf8").replaceAll("$${", "${").replaceAll("%%{", "%{"));
  t.deepEqual(found, wanted);
});

const BLOCKS = { target: { labelled: true }, variable: { labelled: true, blocks: { validation: { labelled: false } } } };

test("hcl: the JSON form has the blocks and attributes of the other", (t) => {
  const text = JSON.stringify({
    "//": "a comment",
    plain: "x-${known}",
    target: { a: { tags: ["one", "${upper(known)}"], n: 1.5, on: true, none: null, map: { k: "v" } }, b: [{ c: "1" }, { c: "2" }] },
    variable: { v: { default: "d", validation: [{ condition: "${true}" }, { condition: false }] } },
  });
  const body = parseJsonBody({ name: "bake.json", text }, BLOCKS);
  const shown = (attributes: (typeof body)["attributes"]) =>
    Object.fromEntries(attributes.map(({ name, expression }) => [name, JSON.parse(toJson(evaluate(expression, scope)))]));
  t.deepEqual(shown(body.attributes), { plain: "x-value" });
  t.deepEqual(
    body.blocks.map((block) => [block.type, block.labels.map(({ text }) => text), shown(block.body.attributes), block.body.blocks.length]),
    [
      ["target", ["a"], { tags: ["one", "VALUE"], n: 1.5, on: true, none: null, map: { k: "v" } }, 0],
      ["target", ["b"], { c: "1" }, 0],
      ["target", ["b"], { c: "2" }, 0],
      ["variable", ["v"], { default: "d" }, 2],
    ],
  );
});

test("hcl: a problem in JSON stands at its place in the string", (t) => {
  const text = '{\n  "a": "x-${nothing}",\n  "b": "\\"${nothing}"\n}\n';
  const { attributes } = parseJsonBody({ name: "bake.json", text }, BLOCKS);
  const places = attributes.map(({ expression }) => {
    const error = t.throws(() => evaluate(expression, scope), { instanceOf: DiagnosticsError });
    const { range } = error?.diagnostics[0] ?? {};
    return [range?.line, range?.column, range?.endColumn];
  });
  // With an escape in the string, the place is the string's.
  t.deepEqual(places, [
    [2, 13, 20],
    [3, 8, 22],
  ]);
});

test("hcl: bodies", (t) => {
  const text = 'a = 1 # one\n/* two */ b = [\n  1,\n  2,\n]\n\ntarget "x" {}\ntarget y { c = 2 }\n';
  const body = parseHcl({ name: "bake.hcl", text });
  t.deepEqual(
    body.attributes.map(({ name }) => name),
    ["a", "b"],
  );
  t.deepEqual(
    body.blocks.map(({ labels, body }) => [labels[0]?.text, body.attributes.length]),
    [
      ["x", 0],
      ["y", 1],
    ],
  );
  for (const wrong of [
    "a = 1 b = 2",
    "a",
    "a = ",
    "target {",
    "target x { a = 1\n",
    "a = <<X\nno end",
    "= 1",
    "a = [1\n",
    'a = "x\n"',
    "a = 1 }",
  ]) {
    const error = t.throws(() => parseHcl({ name: "bake.hcl", text: wrong }), { instanceOf: DiagnosticsError }, wrong);
    t.is(error?.code, "hcl/syntax", wrong);
    t.true((error?.diagnostics[0]?.range?.line ?? 0) > 0, wrong);
  }
});

test("hcl: lexer and grammar are sound", (t) => {
  t.notThrows(() => createLexer({ validate: true }));
  t.notThrows(() => new HclParser({ validate: true }));
});
