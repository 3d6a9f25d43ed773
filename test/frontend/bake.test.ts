import { existsSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { TsbuildError } from "../../core/errors.js";
import { renderDiagnostic } from "../../core/text/render-diagnostic.js";
import type { BakeDefinition } from "../../frontend/bake/definition.js";
import { evaluateFiles } from "../../frontend/bake/evaluate-files.js";
import { parseBakeFile } from "../../frontend/bake/parse-file.js";
import { bodyOf, bodyText } from "../../frontend/hcl/kept-body.js";
import { planBake, type PlanOptions } from "../../frontend/bake/plan.js";
import { goJson, listTargets, planJson } from "../../frontend/bake/print.js";
import { casePath, golden } from "../support/golden.js";

interface Settings {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Files in the order in which bake reads them. */
const ORDER = ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

function definitionOf(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  vars: ReadonlyMap<string, string>,
): BakeDefinition {
  const sources = Object.entries(files).map(([name, text]) => ({ name, text }));
  // Later builds read the trees that the store keeps.
  const bodies = sources.map((source) => bodyOf(bodyText(parseBakeFile(source)), source));
  return evaluateFiles(bodies, {
    files: sources,
    fileRelative: false,
    lookup: (name) => vars.get(name) ?? env[name],
    builtins: { BAKE_CMD_CONTEXT: "cwd://", BAKE_LOCAL_PLATFORM: "linux/amd64" },
    now: () => 0,
    home: "/home/user",
  });
}

/** Reads the few flags that cases have. */
function readArgs(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly options: PlanOptions; readonly vars: ReadonlyMap<string, string> } {
  const values: Record<string, string[]> = {};
  const targets: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [, name, inline] = /^--([a-z-]+)(?:=(.*))?$/.exec(args[i] as string) ?? [];
    if (name === undefined) targets.push(args[i] as string);
    else if (["push", "load", "no-cache", "pull"].includes(name)) values[name] = ["true"];
    else values[name] = [...(values[name] ?? []), inline ?? (args[++i] as string)];
  }
  const flag = (name: string) => (values[name] ? true : undefined);
  return {
    vars: new Map((values["var"] ?? []).map((text) => text.split("=") as [string, string])),
    options: {
      targets,
      set: values["set"] ?? [],
      push: flag("push") ?? false,
      load: flag("load") ?? false,
      noCache: flag("no-cache"),
      pull: flag("pull"),
      provenance: values["provenance"]?.[0],
      sbom: values["sbom"]?.[0],
      call: values["call"]?.[0],
      env: (name) => env[name],
    },
  };
}

// The expected texts are what `docker buildx bake --print` (0.29) prints.
for (const name of readdirSync(casePath("bake")).sort()) {
  test(`bake: ${name}`, (t) => {
    const folder = casePath("bake", name);
    const settings: Settings = existsSync(`${folder}/case.json`) ? JSON.parse(readFileSync(`${folder}/case.json`, "utf8")) : {};
    const files = Object.fromEntries(
      ORDER.filter((file) => existsSync(`${folder}/${file}`)).map((file) => [file, readFileSync(`${folder}/${file}`, "utf8")]),
    );
    const { options, vars } = readArgs(settings.args ?? [], settings.env ?? {});
    const plan = planBake(definitionOf(files, settings.env ?? {}, vars), options);
    golden(t, `bake/${name}/expected.json`, `${goJson(planJson(plan))}\n`);
  });
}

/** Files that are refused, with the arguments, and what is shown. */
const REFUSED: readonly (readonly [text: string, args?: string, env?: Readonly<Record<string, string>>])[] = [
  [`target "default" { output = ["type=image", "type=a,b"] }`],
  [`target "default" { secret = [{ id = "a" }, { id = ["b"] }] }`],
  [`target "default" { cache-from = [{ type = "gha", scope = null }] }`],
  [`target "default" { contexts = { a = "b", c = null } }`],
  ['target "default" { tags = [nothing] }'],
  ['a = b\nb = a\ntarget "default" {}'],
  ['variable "A" { default = B }\nvariable "B" { default = upper(A) }'],
  ['function "f" {\n  params = [n]\n  result = f(n)\n}\ntarget "default" { args = { a = f(1) } }'],
  ['target "default" { labels = { a = target.default.labels.a } }'],
  ['target "a" { tags = target.b.tags }\ntarget "b" { tags = target.a.tags }'],
  ['target "default" { tags = "one" }'],
  ['target "default" { tags = ["a", null] }'],
  ['target "default" { args = ["a"] }'],
  ['target "default" { no-cache = "maybe" }'],
  ['target "default" { output = [{ dest = "x" }] }'],
  ['target "default" { secret = ["id=a,nope=b"] }'],
  ['target "a b" {}'],
  ["target {}"],
  ['target "a" "b" {}'],
  ['targets "a" {}'],
  ['target "a" { name = "b" }'],
  ['target "a" {\n  matrix = { x = ["1", "2"] }\n  name = "same"\n}'],
  ['target "a" {\n  matrix = { x = ["1.0"] }\n  name = x\n}'],
  ['target "a" { matrix = ["x"] }'],
  ['group "a" {}'],
  ['group "a" {\n  matrix = { x = ["1"] }\n  targets = []\n}'],
  ['variable "PORT" {\n  default = 80\n  validation {\n    condition = PORT > 1024\n    error_message = "PORT is above 1024."\n  }\n}'],
  ['variable "N" { type = number }', "", { N: "many" }],
  ['variable "N" { type = lst(number) }'],
  ['variable "L" { default = ["a"] }', "", { L: "b" }],
  ['variable "O" { type = object({ a = string }) }', "", { O: "b" }],
  ['variable "O" { type = object({ a = string }) }', "", { O_JSON: "{" }],
  ['target "app" {}'],
  ['target "app" {}', "ap"],
  ['target "app" {}', "x-*"],
  ['target "app" { inherits = ["bsae"] }\ntarget "base" {}', "app"],
  ['target "a" { contexts = { x = "target:b" } }\ntarget "b" { contexts = { x = "target:a" } }', "a"],
  [
    'target "a" {\n  contexts = { x = "target:b" }\n  platforms = ["linux/amd64", "linux/arm64"]\n}\ntarget "b" { platforms = ["linux/amd64", "linux/386"] }',
    "a",
  ],
  ['target "app" {}', "app --set app"],
  ['target "app" {}', "app --set app.tags"],
  ['target "app" {}', "app --set app.args=1"],
  ['target "app" {}', "app --set app.nonsense=1"],
  ['target "app" {}', "app --set other.tags=1"],
  ['target "app" {}', "app --set app.pull=maybe"],
  ['target "app" {}', "app --set app.output=dest=x,a=b"],
  ['target "app" {}', "app --set app.secret.s=env=X"],
];

test("bake: what is refused is shown with its place", (t) => {
  const shown = REFUSED.map(([text, args = "", env = {}]) => {
    let outcome = "accepted";
    try {
      const { options, vars } = readArgs(args.split(" ").filter(Boolean), env);
      planBake(definitionOf({ "docker-bake.hcl": text }, env, vars), options);
    } catch (error) {
      if (!(error instanceof TsbuildError)) throw error;
      const { diagnostics, code, message, hint } = error;
      const plain = `error[${code}]: ${message}${hint === undefined ? "" : `\n  hint: ${hint}`}`;
      outcome = diagnostics.length > 0 ? diagnostics.map((one) => renderDiagnostic(one)).join("\n") : plain;
    }
    return `${[text, args, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)].filter(Boolean).join("\n")}\n=>\n${outcome}\n`;
  });
  t.deepEqual(
    shown.filter((text) => text.endsWith("accepted\n")),
    [],
  );
  golden(t, "hcl/bake-refused.expected.txt", shown.join("\n"));
});

test("bake: an attribute that targets do not have is a warning", (t) => {
  const { warnings } = definitionOf({ "docker-bake.hcl": 'target "a" { tag = ["x"] }' }, {}, new Map());
  t.deepEqual(
    warnings.map(({ code, hint }) => [code, hint]),
    [["bake/ignored", 'did you mean "tags"?']],
  );
  const json = definitionOf({ "docker-bake.json": '{"target": {"a": {"tag": ["x"]}}}' }, {}, new Map());
  t.like(json.warnings[0]?.range, { column: 19, endColumn: 24 }, "the name is underlined");
});

test("bake: targets and variables are listed", (t) => {
  const text = `
    variable "B" {
      type = list(string)
      default = ["x"]
      description = "A list"
    }
    variable "A" { default = 1 }
    variable "N" { type = number }
    group "all" {
      description = "All of it"
      targets = ["web", "cli"]
    }
    target "web" { description = "The site" }
    target "cli" {}
    target "_base" {}
  `;
  const definition = definitionOf({ "docker-bake.hcl": text }, {}, new Map());
  t.deepEqual(listTargets(definition), [
    { name: "all", description: "All of it (cli, web)", group: true },
    { name: "cli" },
    { name: "web", description: "The site" },
  ]);
  t.deepEqual(definition.variables, [
    { name: "A", description: undefined, type: undefined, value: "1" },
    { name: "B", description: "A list", type: "list of string", value: '["x"]' },
    { name: "N", description: undefined, type: "number", value: undefined },
  ]);
});
