import { join } from "node:path";

/** Tests that take longest, in folders and files below build/test. */
const LONG = ["e2e/build", "e2e/store", "e2e/process", "oci/registry/faults", "cache/processes", "escape", "executor-native"];

/** Returns a file's place in the order: long ones come first, so that none is left over at the end. */
function place(file) {
  const index = LONG.findIndex((name) => file.includes(join("build", "test", name)));
  return index === -1 ? LONG.length : index;
}

export default {
  files: ["build/test/**/*.test.js"],
  timeout: "24h",
  workerThreads: false,
  sortTestFiles: (a, b) => place(a) - place(b) || (a < b ? -1 : 1),
};
