import { TsbuildError } from "../../core/errors.js";

export function noSuchSide(text: string, build: string | undefined): TsbuildError {
  const steps = build === undefined ? "no build is recorded, whose step it could be" : `no step of build ${build}`;
  return new TsbuildError("diff/not-found", `Cannot compare "${text}": it is no image of the store, and ${steps}`, {
    hint:
      build === undefined
        ? '"tsbuild images" lists the images'
        : `"tsbuild explain --all ${build}" lists the steps; --build names another build, and "tsbuild images" lists the images`,
  });
}

export function sideCollected(name: string): TsbuildError {
  return new TsbuildError("diff/no-files", `Cannot compare ${name}: its files are not in the store`, {
    hint: "Build again: the results of steps are kept, and the state of a RUN that fails",
  });
}
