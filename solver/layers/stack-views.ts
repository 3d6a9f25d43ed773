import { type Stack, stackBelow } from "../../cache/contract/stacks.js";
import { RootfsView, type ViewLayer } from "../../oci/layer/model/view.js";

/** Views that are kept. A view that was dropped is made again from the highest view below. */
const MAX_VIEWS = 64;

/**
 * Views of the stacks of a build. A step that depends on many steps is added to the view of the
 * step below it, whose layers nobody asks for again.
 */
export class StackViews {
  /** The one used last is at the end. */
  readonly #views = new Map<Stack, RootfsView>();

  /** Returns the view of the highest part of `stack` that there is one of. */
  highest(stack: Stack): { readonly view: RootfsView | undefined; readonly height: number } {
    for (let part: Stack | undefined = stack; part; part = stackBelow(part)) {
      const view = this.#views.get(part);
      if (!view) continue;
      this.#keep(part, view);
      return { view, height: part.length };
    }
    return { view: undefined, height: 0 };
  }

  /** Makes the view of `stack`; `layers` are those of it that `below` lacks. */
  add(stack: Stack, layers: readonly ViewLayer[], below: RootfsView | undefined): RootfsView {
    const view = this.#views.get(stack) ?? new RootfsView(layers, below);
    this.#keep(stack, view);
    return view;
  }

  #keep(stack: Stack, view: RootfsView): void {
    this.#views.delete(stack);
    this.#views.set(stack, view);
    if (this.#views.size <= MAX_VIEWS) return;
    for (const oldest of this.#views.keys()) {
      this.#views.delete(oldest);
      return;
    }
  }
}
