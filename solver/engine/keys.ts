import { randomBytes } from "node:crypto";
import { type CacheKey, cacheKey, contentInput } from "../../core/cache-key.js";
import type { Node } from "./graph.js";
import type { KeyComponents, SolvedVertex } from "./op.js";
import type { ResultKeys } from "./vertex-state.js";

/** Sets {@link Node.definitionKey}. The keys of its inputs are set already. */
export function setDefinitionKey<R>(node: Node<R>): void {
  node.definitionKey = keyOver(node, (input, index) => input.definitionKey ?? asContent(node.digests[index]));
}

/** Returns the keys that can be known now; all inputs have results. */
export function resultKeys<R>(node: Node<R>): ResultKeys {
  return {
    definition: node.definitionKey,
    input: keyOver(node, (input, index) => resolvedKey(input) ?? asContent(node.digests[index])),
    content: keyOver(node, (input, index) => asContent(node.digests[index]) ?? resolvedKey(input)),
  };
}

/** Returns the best key of a result: the one that the fewest unrelated changes alter. */
export function primaryKey(keys: ResultKeys): CacheKey | undefined {
  return keys.content ?? keys.input ?? keys.definition;
}

/** Returns each key once, the primary first. */
export function distinctKeys(keys: ResultKeys): readonly CacheKey[] {
  return [...new Set([keys.content, keys.input, keys.definition].filter((key) => key !== undefined))];
}

/**
 * Returns a new random key for a result that was made although the cache had one. Under the old
 * key, vertices above would be taken for built on the new result when they were built on the old
 * one.
 */
export function unusedKey(): CacheKey {
  return cacheKey("ignore-cache", [randomBytes(32).toString("hex")]);
}

/**
 * Returns the key that leads to a vertex's result, present or not. Returns undefined when it has
 * none, or is never cached because it needs no work.
 */
export function persistentKey(node: Node<unknown>): CacheKey | undefined {
  return node.vertex.op.immediate ? undefined : (resolvedKey(node) ?? node.definitionKey);
}

/**
 * Returns the final state of a vertex. Returns undefined when it has no keys, or is never cached
 * because it needs no work.
 */
export function solvedVertex<R>(node: Node<R>): SolvedVertex<R> | undefined {
  const { vertex, state } = node;
  if (vertex.op.immediate) return undefined;
  const resolved = state.phase === "resolved" ? state : undefined;
  const [first, ...others] = new Set([resolved?.key, node.definitionKey].filter((key) => key !== undefined));
  return first === undefined ? undefined : { vertex, result: resolved?.result, keys: [first, ...others] };
}

/** Returns the components of the primary key. */
export function keyComponents<R>(node: Node<R>): KeyComponents {
  return {
    identity: node.identity ?? "",
    inputs: node.inputs.map((input, index) => ({
      name: input.vertex.name,
      key: asContent(node.digests[index]) ?? resolvedKey(input) ?? input.definitionKey ?? "",
    })),
  };
}

function keyOver<R>(node: Node<R>, part: (input: Node<R>, index: number) => string | undefined): CacheKey | undefined {
  if (node.identity === undefined) return undefined;
  const parts: string[] = [];
  for (const [index, input] of node.inputs.entries()) {
    const text = part(input, index);
    if (text === undefined) return undefined;
    parts.push(text);
  }
  return cacheKey(node.identity, parts);
}

function resolvedKey(node: Node<unknown>): CacheKey | undefined {
  return node.state.phase === "resolved" ? node.state.key : undefined;
}

function asContent(digest: string | undefined): string | undefined {
  return digest === undefined ? undefined : contentInput(digest);
}
