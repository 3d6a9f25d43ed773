import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workload.js";

const STAGES = 16;

/** Independent stages that mostly wait. */
export const stages: Workload = {
  name: "stages",
  title: `${STAGES} independent half-second stages`,
  async prepare({ directory, base }) {
    const ref = await base(0);
    const parts = Array.from({ length: STAGES }, (_, i) => `FROM ${ref} AS s${i}\nRUN sleep 0.5; echo ${i} > /out-${i}\n`).join("");
    const copies = Array.from({ length: STAGES }, (_, i) => `COPY --from=s${i} /out-${i} /\n`).join("");
    writeFileSync(join(directory, "Dockerfile"), `${parts}FROM scratch\n${copies}`);
    const job = { context: directory, output: { type: "none" }, noCache: true } as const;
    return [{ name: "--no-cache", goal: 1, job, before: async () => undefined }];
  },
};
