import { ISOLATION_VARIABLE } from "../tier.js";
import { TsbuildError } from "../../core/errors.js";

export function noSupervised(lacking: string): TsbuildError {
  return new TsbuildError("exec/isolation", `Cannot run steps with isolation "supervised": ${lacking}`, {
    hint: `It is for users without any privilege in a container; leave the choice to tsbuild: --isolation=auto, or ${ISOLATION_VARIABLE}=auto`,
  });
}

export function noChroot(lacking: string): TsbuildError {
  return new TsbuildError("exec/isolation", `Cannot run steps with isolation "chroot": ${lacking}`, {
    hint: `Run tsbuild as root of a container with its usual capabilities, or leave the choice to tsbuild: --isolation=auto, or ${ISOLATION_VARIABLE}=auto`,
  });
}
