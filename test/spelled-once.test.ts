import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { root, sources } from "./support/source-imports.js";

/**
 * Spellings that only one place may have, the places, and what to use elsewhere. A lint rule reads
 * the URLs of a Dockerfile, which are no addresses of the graph.
 */
const SPELLED_ONCE: readonly (readonly [RegExp, places: readonly string[], instead: string])[] = [
  [
    /["'`/^(](local|docker-image|oci-layout(\+blob)?|git):(\\?\/){2}/,
    ["llb/sources/", "frontend/dockerfile/lint/sources.ts"],
    "a constructor or reader of llb/sources/",
  ],
  [/["'`](local|git|http|blob)\.[a-z]+["'`]/, ["llb/sources/"], "a constructor or reader of llb/sources/"],
  [/kind: "source", identifier/, ["llb/sources/"], "a constructor of llb/sources/"],
  [/\.identifier\.|attrs\[/, ["llb/sources/"], "readSource of llb/sources/"],
  [/imageLayoutVersion/, ["oci/layout/marker.ts"], "LAYOUT_VERSION of oci/layout/marker.ts"],
  [/status >= 500/, ["net/errors.ts", "oci/registry/errors.ts"], "isTemporary of net/errors.ts"],
  [/["'`/^(]\\?\[(internal|context )/, ["core/step.ts", "core/recorded-step.ts"], "a StepInfo, and stepName of core/step.ts"],
  [/\\d\+\)?\\?\/\(?\\d\+\)?\\\]/, ["core/recorded-step.ts"], "the members of a StepInfo"],
];

test("spelled once: addresses and attributes of sources, and names of steps", (t) => {
  const folders = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli"];
  const wrong = folders
    .flatMap((folder) => [...sources(folder)])
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n");
      return SPELLED_ONCE.filter(([, places]) => !places.some((place) => file.startsWith(place))).flatMap(([spelling, , instead]) =>
        lines.flatMap((line, index) =>
          spelling.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line) ? [`${file}:${index + 1}: ${line.trim()}\n    use ${instead}`] : [],
        ),
      );
    });
  t.is(wrong.length, 0, wrong.join("\n"));
});
