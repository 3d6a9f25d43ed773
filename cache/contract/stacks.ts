import type { LayerId } from "./layers.js";

/** Layers on each other, bottom first. */
export type Stack = readonly LayerId[];

/** Stacks without their uppermost layer. */
const BELOW = new WeakMap<Stack, Stack>();

/**
 * Returns a stack with one layer more. The new stack refers to the stack below, so that data about
 * the lower one is found without a walk over its layers.
 */
export function stackOn(below: Stack, layer: LayerId): Stack {
  const stack = [...below, layer];
  BELOW.set(stack, below);
  return stack;
}

/** Returns the stack that this one was put on; undefined when that is not known. */
export function stackBelow(stack: Stack): Stack | undefined {
  return BELOW.get(stack);
}
