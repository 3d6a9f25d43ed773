import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workload.js";

const STEPS = 30;

/** Steps that do nothing, which shows the cost of a step itself. */
export const run30: Workload = {
  name: "run30",
  title: `${STEPS} RUN steps of no work`,
  async prepare({ directory, base }) {
    const runs = Array.from({ length: STEPS }, (_, i) => `RUN ["/bin/true", "${i}"]\n`).join("");
    writeFileSync(join(directory, "Dockerfile"), `FROM ${await base(0)}\n${runs}`);
    const job = { context: directory, output: { type: "none" }, noCache: true } as const;
    const before = async (): Promise<void> => undefined;
    return [
      { name: "--no-cache", goal: 0.2, job, before },
      { name: "--no-cache, with limits of memory and tasks", job: { ...job, limits: true }, before },
      { name: "--no-cache, in a network of their own", job: { ...job, ownNetwork: true }, before },
    ];
  },
};
