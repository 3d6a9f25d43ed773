import type { EngineVertex } from "../../../solver/engine/op.js";
import { type Ops, random, type Text } from "./fakes.js";

/**
 * Makes a graph by seed: each vertex has up to three inputs among those before it; some select,
 * some ignore the cache, some have no key.
 */
export function randomGraph(seed: number, ops: Ops, body: (name: string, context: { readonly signal: AbortSignal }) => Promise<void>) {
  const next = random(seed);
  const all: EngineVertex<Text>[] = [];
  for (let i = 0; i < 14; i++) {
    const name = `v${i}`;
    const inputs = Array.from({ length: Math.min(i, Math.floor(next() * 4)) }, () => all[Math.floor(next() * i)] as EngineVertex<Text>);
    const kind = next();
    all.push(
      ops.vertex(name, {
        inputs,
        ...(inputs.length === 0 && kind < 0.3 ? { immediate: true, identity: kind < 0.2 ? null : name } : {}),
        ...(inputs.length > 0 && kind < 0.5 ? { select: { 0: (text: Text) => `#${text}` } } : {}),
        ignoreCache: kind > 0.93,
        pool: next() < 0.5 ? "run" : "io",
        run: async (given, context) => {
          await body(name, context);
          return `${name}(${given.join(",")})`;
        },
      }),
    );
  }
  return { all, targets: [all[13], all[12]] as EngineVertex<Text>[], next };
}
