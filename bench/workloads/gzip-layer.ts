import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeMixed } from "../bases.js";
import type { Workload } from "../workload.js";

const MEGABYTES = 512;

/** One large layer to compress. */
export const gzipLayer: Workload = {
  name: "gzip-layer",
  title: `${MEGABYTES} MiB layer to gzip in an OCI archive`,
  prepare({ directory }) {
    writeMixed(join(directory, "data"), MEGABYTES * 2 ** 20);
    writeFileSync(join(directory, "Dockerfile"), "FROM scratch\nCOPY data /data\n");
    const job = { context: directory, output: { type: "oci", dest: join(directory, "..", "gzip-layer.tar") } } as const;
    return Promise.resolve([{ name: "cold", goal: 0.45, job, before: (builder) => builder.clear() }]);
  },
};
