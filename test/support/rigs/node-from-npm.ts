import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Brings a Node of this version from npm's registry, which has them as packages, into a folder.
 * Returns its path, or the reason why it cannot be had.
 */
export async function nodeFromNpm(version: string, folder: string): Promise<string | { readonly reason: string }> {
  const unavailable = { reason: `Node ${version} cannot be had from npm's registry` };
  if (process.env["TSBUILD_TEST_OFFLINE"] !== undefined) return unavailable;
  const name = `node-linux-${process.arch}@${version}`;
  const options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--fetch-retries", "0", "--prefix", folder];
  try {
    await run("npm", ["install", ...options, name], { cwd: folder });
  } catch {
    return unavailable;
  }
  return join(folder, "node_modules", `node-linux-${process.arch}`, "bin", "node");
}
