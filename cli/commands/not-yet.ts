import type { Command } from "../environment.js";
import { notSupported } from "../exit-codes.js";

/** A command of the contract that this version does not have. */
export function notYet(name: string): Command {
  return {
    run: () => Promise.reject(notSupported(`"tsbuild ${name}"`)),
  };
}
