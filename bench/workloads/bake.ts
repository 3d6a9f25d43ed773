import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workload.js";

const TARGETS = 12;

/** Twelve targets of a bake file over one base target, whose steps they share. */
export const bake: Workload = {
  name: "bake",
  title: `bake: ${TARGETS} targets over one base`,
  async prepare({ directory, base }) {
    const ref = await base(1);
    const names = Array.from({ length: TARGETS }, (_, i) => `app${i}`);
    writeFileSync(
      join(directory, "docker-bake.hcl"),
      `group "default" { targets = ${JSON.stringify(names)} }
target "base" {
  dockerfile = "base.Dockerfile"
  network    = "host"
}
target "app" {
  name       = "app\${i}"
  matrix     = { i = range(${TARGETS}) }
  dockerfile = "app.Dockerfile"
  contexts   = { base = "target:base" }
  args       = { NAME = "app\${i}" }
  network    = "host"
  output     = ["type=cacheonly"]
}
`,
    );
    writeFileSync(join(directory, "base.Dockerfile"), `FROM ${ref}\nWORKDIR /app\nCOPY shared shared\nRUN cat shared > made\n`);
    writeFileSync(
      join(directory, "app.Dockerfile"),
      "FROM base\nARG NAME\nCOPY sources/$NAME source\nRUN cat made source > $NAME\nENV NAME=$NAME\n",
    );
    writeFileSync(join(directory, "shared"), "shared\n");
    mkdirSync(join(directory, "sources"));
    const edit = (name: string, text: string): void => writeFileSync(join(directory, "sources", name), text);
    for (const name of names) edit(name, `${name}\n`);
    const job = { context: directory, output: { type: "none" }, bake: true } as const;
    let edits = 0;
    return [
      { name: "nothing changed", goal: 0.5, job, before: async () => undefined },
      { name: "one file edited", goal: 0.5, job, before: async () => edit("app5", `edit ${edits++}\n`) },
    ];
  },
};
