import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../workload.js";

const MEGABYTES = 180;

/** A large base image, an empty store, an OCI archive as the result: a CI job. */
export const bigBase: Workload = {
  name: "big-base",
  title: `FROM a ${MEGABYTES} MB base, empty store, to an OCI archive`,
  async prepare({ directory, base }) {
    const ref = await base(MEGABYTES);
    const cases = { copy: `FROM ${ref}\nCOPY app /app\n`, run: `FROM ${ref}\nCOPY app /app\nRUN echo built > /result\n` };
    for (const [name, text] of Object.entries(cases)) {
      mkdirSync(join(directory, name), { recursive: true });
      writeFileSync(join(directory, name, "app"), "an application\n".repeat(1000));
      writeFileSync(join(directory, name, "Dockerfile"), text);
    }
    const job = (name: string) =>
      ({ context: join(directory, name), output: { type: "oci", dest: join(directory, `${name}.tar`) } }) as const;
    return [
      { name: "+ COPY", goal: 0.4, job: job("copy"), before: (builder) => builder.clear() },
      { name: "+ COPY + RUN", goal: 0.7, job: job("run"), before: (builder) => builder.clear() },
    ];
  },
};
