import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { temporaryDirectory } from "../support/images/images.js";
import { type CliRun, runRig } from "../support/rigs/cli-rig.js";

export type Files = Readonly<Record<string, string>>;

/** Returns a runner of compose in a directory with these files. */
export function project(t: ExecutionContext, files: Files, env: Readonly<Record<string, string>> = {}) {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const cwd = join(path, "project");
  mkdirSync(cwd);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return { cwd, run: (...args: string[]): Promise<CliRun> => runRig(args, { cwd, env }) };
}

export function one(image?: string): string {
  return `services: {s: {build: .${image === undefined ? "" : `, image: ${image}`}}}\n`;
}
