import { TsbuildError } from "../../core/errors.js";

export function noFailedStep(wanted: string | undefined, names: readonly string[]): TsbuildError {
  const what = wanted === undefined ? "no step that failed is kept" : `no step that failed is "${wanted}"`;
  return new TsbuildError("debug/no-step", `Cannot open a shell: ${what}`, {
    hint:
      names.length === 0
        ? "The state of a RUN that fails is kept from then on, where steps run on overlays; tsbuild run opens a shell in a stage"
        : `Kept are ${names.join("; ")}`,
  });
}

export function stepCollected(name: string): TsbuildError {
  return new TsbuildError("debug/no-step", `Cannot open a shell in ${name}: its files were removed from the store`, {
    hint: "Build again: the state of the step is kept when it fails",
  });
}

export function noShell(name: string): TsbuildError {
  return new TsbuildError("debug/no-shell", `Cannot open a shell in ${name}: the image has none, and this machine has no static busybox`, {
    hint: "Install busybox-static, or name a program of the image: tsbuild debug -- /program",
  });
}
