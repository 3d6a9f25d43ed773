import test from "ava";
import { compileTemplate } from "../../cli/output/template.js";

const DATA = { Name: "app", Labels: { a: "1" }, List: ["x", "y"] };

const SHOWN: readonly (readonly [template: string, shown: string])[] = [
  ["{{.Name}}", "app"],
  ["a {{- .Name -}} b", "a{{-.Name-}}b".replace("{{-.Name-}}", "app")],
  ["{{ .Name }}!", "app!"],
  ['{{"}}"}}', "}}"],
  ["{{`}} \\`}}", "}} \\"],
  ['{{"a\\"}}b"}}', 'a"}}b'],
  ["{{/* }} is not here */}}", " is not here */}}"],
  ['{{join .List "|"}}', "x|y"],
  ["{{range .List}}[{{.}}]{{end}}", "[x][y]"],
  ["} } {{.Name}} }}", "} } app }}"],
];

for (const [template, shown] of SHOWN) {
  test(`template ${template}`, (t) => t.is(compileTemplate(template)(DATA), shown));
}

const REFUSED: readonly (readonly [template: string, why: RegExp])[] = [
  ["{{.Name", /an action is not closed/],
  ["{{.Name }", /an action is not closed/],
  ['{{"a}}', /a text in " is not closed/],
  ["{{`a}}", /a text in ` is not closed/],
  ["{{if .Name}}x", /\{\{if\}\} without \{\{end\}\}/],
];

for (const [template, why] of REFUSED) {
  test(`template ${template} is refused`, (t) => {
    t.throws(() => compileTemplate(template), { code: "cli/template", message: why });
  });
}

// Quadratic time would be hours for these.
test("templates without an end are read once", (t) => {
  const long = "\n".repeat(4_000_000);
  t.throws(() => compileTemplate(`{{${long}`), { code: "cli/template" });
  t.throws(() => compileTemplate(`{{"${'\\"'.repeat(2_000_000)}`), { code: "cli/template" });
  t.throws(() => compileTemplate(`{{ - ${" ".repeat(2_000_000)}`), { code: "cli/template" });
});

test("actions and parentheses that are nested too deep are refused by name", (t) => {
  const message = /nested more than 200 deep/;
  t.throws(() => compileTemplate("{{if .Name}}".repeat(10_000) + "{{end}}".repeat(10_000)), { code: "cli/template", message });
  t.throws(() => compileTemplate(`{{if .Name}}${"{{else if .Name}}".repeat(10_000)}{{end}}`), { code: "cli/template", message });
  t.throws(() => compileTemplate(`{{json ${"(".repeat(10_000)}.Name${")".repeat(10_000)}}}`), { code: "cli/template", message });
  t.is(compileTemplate("{{if .Name}}".repeat(200) + "x" + "{{end}}".repeat(200))(DATA), "x");
});
