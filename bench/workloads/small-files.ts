import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workload.js";

const FILES = 20_000;
const DIRECTORIES = 200;

/** Many small files, as in node_modules. */
export const smallFiles: Workload = {
  name: "small-files",
  title: `${FILES.toLocaleString("en")} small files, COPY`,
  async prepare({ directory, base }) {
    for (let i = 0; i < DIRECTORIES; i++) mkdirSync(join(directory, "src", `d${i}`), { recursive: true });
    for (let i = 0; i < FILES; i++)
      writeFileSync(join(directory, "src", `d${i % DIRECTORIES}`, `f${i}.js`), `export const value${i} = ${i};\n`.repeat(1 + (i % 60)));
    writeFileSync(join(directory, "Dockerfile"), `FROM ${await base(0)}\nCOPY src /src\n`);
    const job = { context: directory, output: { type: "none" } } as const;
    return [
      { name: "cold", goal: 0.4, job, before: (builder) => builder.clear() },
      { name: "unchanged", goal: 0.5, job, before: async (builder, round) => void (round < 0 && (await builder.build(job))) },
      {
        name: "one file edited",
        goal: 0.2,
        job,
        // Each builder gets a content of its own, so that none finds a result of another's turn or
        // an earlier round.
        before: (builder, round) =>
          Promise.resolve(
            writeFileSync(join(directory, "src", "d7", "f7.js"), `export const edited = "${builder.name} ${round} ${Date.now()}";\n`),
          ),
      },
    ];
  },
};
