import { sha256 } from "../../../core/digest.js";
import { readIgnoreLines } from "../../../frontend/dockerfile/syntax/dockerignore.js";
import type { FrontendPorts } from "../../../frontend/frontend.js";

/**
 * Returns ports whose images are plain ones for the wanted platform, but for those named after a
 * platform.
 */
export function plainImages(ignore = ""): FrontendPorts {
  return {
    async resolveImage(ref, { platform }) {
      const architecture = /amd64|busybox/.test(ref) ? "amd64" : platform.architecture;
      const digest = sha256(ref);
      return {
        ref,
        op: { kind: "source", identifier: `docker-image://${ref}@${digest}`, attrs: {} },
        digest,
        platform: { os: "linux", architecture },
        config: {
          os: "linux",
          architecture,
          config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["sh"] },
          rootfs: { type: "layers", diff_ids: [digest] },
        },
      };
    },
    namedContext: async () => undefined,
    ignorePatterns: async () => readIgnoreLines(ignore).map(({ pattern }) => pattern),
  };
}
