import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import type { BuildOptions } from "../../../api/options/options.js";
import type { ServeOptions } from "../../../api/server/options.js";
import { serve } from "../../../api/server/serve.js";
import { temporaryDirectory } from "../images/images.js";

/** A machine with a context, and a server of ours with a store of its own. */
export interface ServerMachine {
  readonly path: string;
  readonly context: string;
  /** Address of the server. */
  readonly address: string;
  /** Builds with a third store: here, or where `builders` says. */
  build(options?: BuildOptions): ReturnType<typeof build>;
}

/** Starts a server with a context of these files. A file whose name ends in / is a directory. */
export async function serverMachine(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
  options: ServeOptions = {},
): Promise<ServerMachine> {
  const { path, remove } = temporaryDirectory();
  const context = join(path, "context");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), text);
  }
  const server = await serve({ addresses: [`unix://${join(path, "s.sock")}`], root: join(path, "served"), ...options });
  t.teardown(async () => {
    await server.close();
    remove();
  });
  const [address = ""] = server.addresses;
  let stores = 0;
  return {
    path,
    context,
    address,
    build: (more) => build({ root: join(path, `store-${++stores}`), context, platforms: ["linux/amd64"], collect: false, ...more }),
  };
}
