import { cleanPath } from "../../../core/text/pattern-matcher.js";
import type { Mount } from "../../../llb/ops.js";
import type { Flag } from "../ast.js";
import * as errors from "../errors/errors.js";
import type { Inputs } from "./inputs.js";
import type { InstructionContext } from "./instruction-context.js";
import type { RunMount } from "./mounts.js";
import { describeSource } from "./source-name.js";

/** Mode of a new cache directory. */
const CACHE_MODE = 0o755;
const SECRET_MODE = 0o400;
const SSH_MODE = 0o600;

/** Returns the id of a secret. */
export function secretId(mount: RunMount): string {
  return mount.source || mount.id || lastPart(mount.target ?? "");
}

/** Turns the mounts of a RUN into mounts of the operation. `flags` are their places. */
export function lowerMounts(mounts: readonly RunMount[], flags: readonly Flag[], inputs: Inputs, at: InstructionContext): Mount[] {
  let agents = 0;
  return mounts.flatMap((mount, index): Mount[] => {
    const flag = flags[index] as Flag;
    const range = flag.valueRange;
    const dest = destOf(mount, at);
    if (dest === "/" && mount.type !== "secret" && mount.type !== "ssh") {
      at.fail(errors.invalidMount(flag.value ?? "", 'its target is "/"', range, mount.target ? undefined : "write target=/path"));
    }
    const ids = { uid: mount.uid ?? 0, gid: mount.gid ?? 0 };
    switch (mount.type) {
      case "tmpfs":
        return [{ type: "tmpfs", dest, readonly: mount.readonly, size: mount.size ?? 0 }];
      case "secret":
        // A secret that is a variable is a file only when it has a target.
        if (mount.env !== undefined && !mount.target) return [];
        return [
          {
            type: "secret",
            dest: mount.target ? dest : `/run/secrets/${lastPart(secretId(mount))}`,
            readonly: true,
            id: secretId(mount),
            ...ids,
            mode: mount.mode ?? SECRET_MODE,
            optional: !mount.required,
          },
        ];
      case "ssh": {
        const number = agents++;
        return [
          {
            type: "ssh",
            dest: mount.target ? dest : `/run/buildkit/ssh_agent.${number}`,
            readonly: true,
            id: mount.source || mount.id || "default",
            ...ids,
            mode: mount.mode ?? SSH_MODE,
            optional: !mount.required,
          },
        ];
      }
      case "cache":
        return [
          {
            type: "cache",
            dest,
            readonly: mount.readonly,
            input: inputs.of(source(mount, index, at)),
            selector: cleanPath(`/${mount.source ?? ""}`),
            id: at.build.cacheNamespace + (mount.id || cleanPath(mount.target ?? "")),
            sharing: mount.sharing ?? "shared",
            ...ids,
            mode: mount.mode ?? CACHE_MODE,
          },
        ];
      case "bind":
        return [
          {
            type: "bind",
            dest,
            readonly: mount.readonly,
            input: inputs.of(source(mount, index, at)),
            selector: cleanPath(`/${mount.source ?? ""}`),
          },
        ];
    }
  });
}

/** Returns what messages call the sources of mounts, by the mounts' `dest`. */
export function mountSources(mounts: readonly RunMount[], at: InstructionContext): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== "bind" && !(mount.type === "cache" && mount.from)) continue;
    names[destOf(mount, at)] = mount.from ? describeSource(mount.from, at.sources[index]) : "the build context";
  }
  return names;
}

/** Returns where a mount lies: without a target at the working directory. */
function destOf(mount: RunMount, at: InstructionContext): string {
  return cleanPath(mount.target?.startsWith("/") ? mount.target : `${at.stage.cwd}/${mount.target ?? ""}`);
}

/**
 * Returns the mounted filesystem: a stage or image; by default the context, or nothing for a cache.
 */
function source(mount: RunMount, index: number, at: InstructionContext) {
  if (mount.from) return at.sources[index]?.rootfs;
  return mount.type === "cache" ? undefined : at.build.context;
}

function lastPart(path: string): string {
  return path.split("/").filter(Boolean).pop() ?? "";
}
