import type { LayerId } from "./layers.js";

/** Layers on each other, bottom first. */
export type Stack = readonly LayerId[];

/** Stacks without their uppermost layer. */
const BELOW = new WeakMap<Stack, Stack>();

/**
 * Returns a stack with one layer more. It remembers what it was made of, so that whoever knows
 * something of the stack below need not go through its layers again for each step on top of it.
 */
export function stackOn(below: Stack, layer: LayerId): Stack {
  const stack = [...below, layer];
  BELOW.set(stack, below);
  return stack;
}

/** Returns the stack that this one was put on; undefined when nobody knows. */
export function stackBelow(stack: Stack): Stack | undefined {
  return BELOW.get(stack);
}
