import test from "ava";
import { compileTemplate } from "../../cli/output/template.js";

const DATA = { Name: "app", Labels: { a: "1" }, List: ["x", "y"], Deep: [{ Name: "in" }] };

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
  ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=1;"],
  ["{{range $i, $v := .List}}{{$i}}{{$v}} {{end}}", "0x 1y "],
  ["{{range $v := .List}}{{$v}}{{$.Name}}{{end}}", "xappyapp"],
  ["{{$n := .Name}}{{with .List}}{{$n}}{{len .}}{{end}}", "app2"],
  ["{{$n := 1}}{{range .List}}{{$n = .}}{{end}}{{$n}}", "y"],
  ["{{$n := 1}}{{if true}}{{$n := 2}}{{$n}}{{end}}{{$n}}", "21"],
  ["{{with $x := .Missing}}a{{else with $y := .Name}}{{$y}}{{end}}", "app"],
  ["{{range .List}}{{if eq . `y`}}{{break}}{{end}}{{.}}{{end}}", "x"],
  ["{{range .List}}{{if eq . `x`}}{{continue}}{{end}}{{.}}{{end}}", "y"],
  ["{{range .Missing}}a{{else}}none{{end}}", "none"],
  ["{{(index .Deep 0).Name}}", "in"],
  [
    '{{printf "%-5s|%5s|%05d|%.2f|%q|%v|%x|%%|%t" .Name "é" 42 1.005 "a\\n" .List 255 true}}',
    'app  |    é|00042|1.00|"a\\n"|[x y]|ff|%|true',
  ],
  ['{{printf "%d %s"  "a"}}', "%!d(string=a) %!s(MISSING)"],
  ['{{printf "%s" "a" 1}}', "a%!(EXTRA int=1)"],
  ['{{"%s=%s" | printf}}', "%!s(MISSING)=%!s(MISSING)"],
  ['{{.Name | printf "%s!"}}', "app!"],
  ['{{printf "%*d|%+d|%-4d|%04d|%s" 4 2 3 4 -7 .List}}', "   2|+3|4   |-007|[x y]"],
  ["{{if gt (len .List) 1}}many{{end}}", "many"],
  ["{{if and .Missing .Name}}both{{else}}one{{end}}{{if and .Name 0 .List}}all{{end}}{{and .Name 2}}", "one2"],
  ["{{or .Missing 0 .Name}}{{or .Missing 0}}", "app0"],
  ["{{slice .Name 1 2}}{{truncate .Name 2}}{{pad .Name 1 0}}", "pap app"],
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
  ["{{$x}}", /there is no variable \$x/],
  ["{{$x = 1}}", /there is no variable \$x/],
  ["{{if true}}{{$x := 1}}{{end}}{{$x}}", /there is no variable \$x/],
  ["{{if $a, $b := .}}{{end}}", /\{\{if\}\} has one variable/],
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
