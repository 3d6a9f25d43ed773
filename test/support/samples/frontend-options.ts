import type { FrontendOptions } from "../../../frontend/frontend.js";

const LINUX = { os: "linux", architecture: "amd64" } as const;

/** Options of a plain build. A test replaces some of them. */
export const PLAIN_OPTIONS: Omit<FrontendOptions, "text"> = {
  filename: "Dockerfile",
  buildArgs: {},
  labels: {},
  targetPlatform: LINUX,
  platformExplicit: false,
  buildPlatform: LINUX,
  noCache: false,
  network: "default",
  extraHosts: [],
};
