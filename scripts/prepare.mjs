// Script that npm runs after `npm ci`, and before it installs from Git: makes dist/, which is not
// in the repository. Without the tools, as after `npm ci --omit=dev`, it silently makes nothing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (!existsSync(join(root, "node_modules", "esbuild"))) process.exit(0);
const { status } = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], { cwd: root, stdio: "inherit" });
process.exit(status ?? 1);
