import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readCompose } from "../../../api/compose/read-compose.js";
import { buildTargets } from "../../../api/build/build-targets.js";
import { readBake } from "../../../api/bake/read-bake.js";
import type { BuildOptions } from "../../../api/options/options.js";
import type { PlannedBakeTarget } from "../../../api/options/planned-target.js";
import { targetBuildOptions } from "../../../api/bake/target-options.js";
import { packageRoot } from "../../../core/package-root.js";
import { temporaryDirectory } from "../../support/images/images.js";

/** Builds targets into directories, and returns what the file `greeting` of each says. */
async function greetings(targets: readonly PlannedBakeTarget[], cwd: string, path: string): Promise<Record<string, string>> {
  const builds: Record<string, BuildOptions> = {};
  for (const target of targets) {
    const options = targetBuildOptions(target, { directory: cwd, env: {} });
    builds[target.name] = { ...options, outputs: [{ type: "local", dest: join(path, target.name) }] };
  }
  await buildTargets({ targets: builds, root: join(path, "store") });
  const shown = targets.filter(({ name }) => name !== "words");
  return Object.fromEntries(shown.map(({ name }) => [name, readFileSync(join(path, name, "greeting"), "utf8").trim()]));
}

test("examples/compose and examples/bake build, and greet in the language that is asked for", async (t) => {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const compose = join(packageRoot(), "examples", "compose");
  const { targets } = await readCompose({ directory: compose, env: { GREETING: "de" } });
  t.deepEqual(targets.map(({ name }) => name).sort(), ["greet", "words"]);
  const german = readFileSync(join(compose, "words", "de"), "utf8").trim();
  t.deepEqual(await greetings(targets, compose, join(path, "compose")), { greet: german });

  const bake = join(packageRoot(), "examples", "bake");
  const { plan } = await readBake({ directory: bake, env: {} });
  const said = await greetings(plan().targets, bake, join(path, "bake"));
  t.is(said["greet-de"], german);
  t.deepEqual(Object.keys(said).sort(), ["greet-de", "greet-en"]);
});
