import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import type { BuildOptions } from "../../../api/options/options.js";
import type { BuildEvent } from "../../../core/events.js";
import { temporaryDirectory } from "../images/images.js";
import { type Behaviour, type FakeBuildKit, startBuildKit } from "../servers/buildkit-server.js";

/** Files of the context where a test has no others. */
const FILES: Readonly<Record<string, string>> = {
  Dockerfile: "FROM scratch\nCOPY a.txt /a\nCOPY dir /d\n",
  "a.txt": "one",
  "dir/b.txt": "two",
  "dir/hidden": "hidden",
  unasked: "unasked",
  ".dockerignore": "dir/hidden\n",
};
export const IGNORED = ["dir/hidden"];

/** A machine whose builds a fake of BuildKit solves. */
interface Machine {
  readonly path: string;
  readonly context: string;
  readonly fake: FakeBuildKit;
  readonly events: BuildEvent[];
  build(options?: BuildOptions): ReturnType<typeof build>;
}

/** Returns a machine with a store and a context of its own, and a fake that behaves like this. */
export async function machine(t: ExecutionContext, behave: Behaviour, files = FILES): Promise<Machine> {
  const { path, remove } = temporaryDirectory();
  const context = join(path, "context");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(context, name)), { recursive: true });
    writeFileSync(join(context, name), text);
  }
  const fake = await startBuildKit(path, behave);
  t.teardown(async () => {
    await fake.close();
    remove();
  });
  const events: BuildEvent[] = [];
  const common = {
    root: join(path, "store"),
    platforms: ["linux/amd64"],
    collect: false,
    onEvent: (event: BuildEvent) => events.push(event),
  } as const;
  return { path, context, fake, events, build: (options) => build({ ...common, context, builders: [fake.address], ...options }) };
}

export const LAYERS = [[{ name: "a", text: "one" }], [{ name: "d/b.txt", text: "two" }]];

/** Solves as BuildKit would: takes the context, reports the steps, sends the layers. */
export const solves: Behaviour = async (solve) => {
  await solve.sync({ name: "context", exclude: IGNORED, follow: ["a.txt", "dir"] });
  for (const name of solve.vertices.keys()) await solve.vertex(name);
  return solve.image(LAYERS);
};
