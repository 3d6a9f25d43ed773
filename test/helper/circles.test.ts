import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";
import { circles } from "../support/circles.js";

const helper = join(packageRoot(), "executor-native", "helper");

const files = readdirSync(helper, { recursive: true, encoding: "utf8" }).filter((name) => /\.[ch]$/.test(name));
const texts = new Map(files.map((name) => [name, withoutComments(readFileSync(join(helper, name), "utf8"))]));

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"/g, (found) => (found.startsWith('"') ? found : ""));
}

/** Returns the functions of a source that others may call. */
function defined(text: string): readonly string[] {
  return [...text.matchAll(/^(?!static\b|#)[a-z_][^;={}()]*?\b(\w+)\([^;{}]*\)\s*\{/gm)].map(([, name]) => name as string);
}

test("no C files call each other in a circle", (t) => {
  const sources = files.filter((name) => name.endsWith(".c"));
  const owner = new Map(sources.flatMap((file) => defined(texts.get(file) ?? "").map((name) => [name, file] as const)));
  t.is(owner.get("fail"), "base/report.c");
  const edges = new Map(
    sources.map((file) => {
      const words = new Set((texts.get(file) ?? "").match(/\b\w+(?=\()/g));
      const used = [...words].flatMap((word) => owner.get(word) ?? []).filter((other) => other !== file);
      return [file, [...new Set(used)]] as const;
    }),
  );
  t.deepEqual(circles(edges), []);
});
