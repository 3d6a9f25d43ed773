// Builds examples/hello through the library and follows it step by step:
//   npm run build && node examples/library/build.mjs hello.tar
import { fileURLToPath } from "node:url";
import { build, TsbuildError } from "tsbuild";

const dest = process.argv[2] ?? "hello.tar";
const names = new Map();

try {
  const result = await build({
    context: fileURLToPath(new URL("../hello", import.meta.url)),
    buildArgs: { NAME: "library" },
    outputs: [{ type: "oci", dest }],
    onEvent(event) {
      if (event.type === "steps") for (const step of event.steps) names.set(step.id, step.name);
      if (event.type === "completed" || event.type === "cached") console.log(`${event.type.padEnd(9)} ${names.get(event.step)}`);
    },
  });
  console.log(`${result.imageId} in ${dest}: ${result.stats.executed} steps ran, ${result.stats.cached} were cached`);
} catch (error) {
  if (!(error instanceof TsbuildError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
