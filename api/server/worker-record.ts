import { hostname } from "node:os";
import { packageVersion } from "../../core/package-root.js";
import type { ValueOf } from "../../llb/wire/message.js";
import { hostPlatform } from "../../oci/platform.js";
import type { VERSION, WORKER } from "../../solver/buildkit/messages/common.js";

/** Returns the version of this server, as BuildKit's clients show it. */
export function serverVersion(): ValueOf<typeof VERSION> {
  return { package: "tsbuild", version: `v${packageVersion()}`, revision: "" };
}

/** Returns the one worker of a server. `id` stays the same as long as the server runs. */
export function workerRecord(id: string): ValueOf<typeof WORKER> {
  const { os, architecture, variant } = hostPlatform();
  return {
    ID: id,
    Labels: new Map([
      ["org.mobyproject.buildkit.worker.executor", "tsbuild"],
      ["org.mobyproject.buildkit.worker.hostname", hostname()],
    ]),
    platforms: [{ OS: os, Architecture: architecture, ...(variant === undefined ? {} : { Variant: variant }) }],
    BuildkitVersion: serverVersion(),
  };
}
