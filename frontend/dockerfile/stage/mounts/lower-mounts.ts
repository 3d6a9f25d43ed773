import { cleanPath } from "../../../../core/text/pattern-matcher.js";
import type { Mount } from "../../../../llb/ops.js";
import type { Flag } from "../../ast.js";
import * as errors from "../../errors/errors.js";
import type { Inputs } from "../inputs.js";
import type { InstructionContext } from "../instruction-context.js";
import type { RunMount } from "./mount-type.js";
import { describeSource } from "../source-name.js";
import { mountType } from "./table.js";

/** Turns the mounts of a RUN into mounts of the operation. `flags` are their places. */
export function lowerMounts(mounts: readonly RunMount[], flags: readonly Flag[], inputs: Inputs, at: InstructionContext): Mount[] {
  return mounts.flatMap((mount, index): Mount[] => {
    const flag = flags[index] as Flag;
    const type = mountType(mount.type);
    const dest = destOf(mount, at);
    const fail = (why: string, hint?: string): never => at.fail(errors.invalidMount(flag.value ?? "", why, flag.valueRange, hint));
    if (dest === "/" && !type.ownPath) fail('its target is "/"', mount.target ? undefined : "write target=/path");
    const before = mounts.slice(0, index).filter((other) => other.type === mount.type).length;
    const lowered = type.lower(mount, { dest, before, from: at.sources[index]?.rootfs, inputs, at, fail });
    return lowered === undefined ? [] : [lowered];
  });
}

/** Returns the names of the sources of mounts in messages, by the mounts' `dest`. */
export function mountSources(mounts: readonly RunMount[], at: InstructionContext): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const [index, mount] of mounts.entries()) {
    const { source } = mountType(mount.type);
    if (source === undefined || (source === "nothing" && !mount.from)) continue;
    names[destOf(mount, at)] = mount.from ? describeSource(mount.from, at.sources[index]) : "the build context";
  }
  return names;
}

/** Returns where a mount lies: without a target at the working directory. */
function destOf(mount: RunMount, at: InstructionContext): string {
  return cleanPath(mount.target?.startsWith("/") ? mount.target : `${at.stage.cwd}/${mount.target ?? ""}`);
}
