import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "ava";
import { readBake } from "../../../api/bake/read-bake.js";
import { temporaryDirectory } from "../../support/images/images.js";

type Contexts = Readonly<Record<string, readonly [context: string, contexts?: Readonly<Record<string, string>>]>>;

/** Files, and the contexts of their targets when paths are relative to the files. */
const CASES: Readonly<Record<string, readonly [files: Readonly<Record<string, string>>, contexts: Contexts, set?: readonly string[]]>> = {
  "paths in a file": [
    {
      "sub/docker-bake.hcl": `target "app" {
  context = "./x/"
  contexts = { a = "../a", b = "cwd://b", c = "target:base", d = "docker-image://d", e = "oci-layout://e", f = "/f", g = "https://h/g.git" }
}
target "base" {}
`,
    },
    {
      app: ["sub/x", { a: "a", b: "cwd://b", c: "target:base", d: "docker-image://d", e: "oci-layout://e", f: "/f", g: "https://h/g.git" }],
      base: ["sub"],
    },
  ],
  "several files, each with its own": [
    {
      "one/a.hcl": 'target "app" { context = "." }\ntarget "base" { context = "x" }\ntarget "none" {}\n',
      "two/b.hcl": 'target "app" { tags = ["t"] }\ntarget "child" { inherits = ["base"] }\ntarget "last" { inherits = ["none"] }\n',
    },
    { app: ["one"], base: ["one/x"], none: ["one"], child: ["one/x"], last: ["two"] },
  ],
  "a context of another target": [
    { "one/a.hcl": 'target "base" { context = "x" }\n', "two/b.hcl": 'target "app" { context = target.base.context }\n' },
    { app: ["one/x"] },
  ],
  "what --set gives": [
    { "sub/a.hcl": 'target "app" { contexts = { a = "a" } }\n' },
    { app: ["other", { a: "b" }] },
    ["app.context=other", "app.contexts.a=b"],
  ],
  "a Compose file": [
    {
      "sub/compose.yaml":
        "services:\n  app:\n    build:\n      context: ./x\n      additional_contexts: { a: ../a }\n  none:\n    build:\n      dockerfile_inline: FROM scratch\n",
    },
    { app: ["sub/x", { a: "a" }], none: ["sub"] },
  ],
};

for (const [name, [files, expected, set = []]] of Object.entries(CASES)) {
  test(`BUILDX_BAKE_FILE_RELATIVE_PATHS makes contexts relative to their files: ${name}`, async (t) => {
    const { path: directory, remove } = temporaryDirectory();
    t.teardown(remove);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    const contextsWith = async (env: Readonly<Record<string, string>>): Promise<Contexts> => {
      const options = { directory, files: Object.keys(files), targets: Object.keys(expected), set, env };
      const { target } = JSON.parse((await readBake(options)).plan().json) as {
        readonly target: Readonly<Record<string, { readonly context: string; readonly contexts?: Readonly<Record<string, string>> }>>;
      };
      const wanted = Object.entries(target).filter(([key]) => Object.hasOwn(expected, key));
      return Object.fromEntries(wanted.map(([key, { context, contexts }]) => [key, contexts ? [context, contexts] : [context]]));
    };
    t.deepEqual(await contextsWith({ BUILDX_BAKE_FILE_RELATIVE_PATHS: "1" }), expected);
    if (set.length === 0) t.notDeepEqual(await contextsWith({ BUILDX_BAKE_FILE_RELATIVE_PATHS: "0" }), expected);
  });
}
