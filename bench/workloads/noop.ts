import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workload.js";

const STEPS = 20;
const FILES = 1_000;

/** Workload without any change, which developers wait for most often. */
export const noop: Workload = {
  name: "noop",
  title: `nothing changed, ${STEPS} steps, ${FILES} context files`,
  async prepare({ directory, base }) {
    mkdirSync(join(directory, "src"), { recursive: true });
    for (let i = 0; i < FILES; i++) writeFileSync(join(directory, "src", `file-${i}.txt`), `file ${i}\n`.repeat(50));
    const runs = Array.from({ length: STEPS - 2 }, (_, i) => `RUN echo ${i} > /step-${i}\n`).join("");
    writeFileSync(join(directory, "Dockerfile"), `FROM ${await base(0)}\nCOPY src /src\n${runs}WORKDIR /src\n`);
    const job = { context: directory, output: { type: "none" } } as const;
    return [
      {
        name: "unchanged",
        goal: 0.3,
        library: true,
        job,
        before: async (builder, round) => void (round < 0 && (await builder.build(job))),
      },
    ];
  },
};
