import { TsbuildError } from "../../core/errors.js";

/** Messages about attestations, one function each. */

export function scannerWithoutCommand(generator: string): TsbuildError {
  return new TsbuildError("build/scanner", `Cannot scan with "${generator}": the image says no command`, { hint: PROTOCOL });
}

export function badScan(generator: string, file: string, why: string): TsbuildError {
  return new TsbuildError("build/scanner", `Cannot take what "${generator}" wrote to "${file}": ${why}`, { hint: PROTOCOL });
}

export function noScan(generator: string, directory: string): TsbuildError {
  return new TsbuildError("build/scanner", `Cannot attach a list of the packages: "${generator}" wrote no statement to ${directory}`, {
    hint: PROTOCOL,
  });
}

const PROTOCOL = "A scanner follows BuildKit's protocol: it writes statements of in-toto to $BUILDKIT_SCAN_DESTINATION/NAME.spdx.json";
