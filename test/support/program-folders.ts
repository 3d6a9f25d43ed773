/** Top folders of the program. */
export const PROGRAM = [
  "core",
  "net",
  "llb",
  "oci",
  "frontend",
  "cache",
  "executor-native",
  "solver",
  "exporters",
  "api",
  "cli",
  "bench",
  "scripts",
];
