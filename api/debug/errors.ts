import { TsbuildError } from "../../core/errors.js";

const NO_STEP = "debug/no-step";

/** Reports that a build, or the store, has no step to open. */
export function noFailedStep(build?: string): TsbuildError {
  const where = build === undefined ? "no step that failed is kept, and no build is recorded" : `build ${build} had no steps`;
  return new TsbuildError(NO_STEP, `Cannot open a step: ${where}`, {
    hint: "The state of a RUN that fails is kept, and so are the results of steps; tsbuild run opens a shell in an image",
  });
}

export function stepCollected(name: string): TsbuildError {
  return new TsbuildError(NO_STEP, `Cannot open ${name}: its files are not in the store (any more)`, {
    hint: "Build again: the results of steps are kept, and the state of a RUN that fails",
  });
}

export function replacedState(name: string, build: string): TsbuildError {
  return new TsbuildError(NO_STEP, `Cannot open ${name} as it failed there: it failed again in build ${build}, whose state is kept`, {
    hint: `"tsbuild debug ${build}" opens that`,
  });
}

export function neverEnded(name: string): TsbuildError {
  return new TsbuildError(NO_STEP, `Cannot open ${name}: it was ended before it had a result`, {
    hint: "Name the step before it, or build again",
  });
}

export function baseStep(name: string, ref: string): TsbuildError {
  return new TsbuildError(NO_STEP, `Cannot open ${name}: it is an image`, { hint: `"tsbuild run -it ${ref} sh" opens a shell in it` });
}

export function noShell(name: string): TsbuildError {
  return new TsbuildError("debug/no-shell", `Cannot open a shell in ${name}: the image has none, and this machine has no static busybox`, {
    hint: "Install busybox-static, or name a program of the image: tsbuild debug -- /program",
  });
}

/** Reports that a file is no exported state, or a wrong one. */
export function badState(why: string): TsbuildError {
  return new TsbuildError("debug/bad-state", `Cannot import the state of a step: ${why}`, {
    hint: "tsbuild debug --export FILE writes such a file",
  });
}
