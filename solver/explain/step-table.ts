import { type StepInfo, stepPlace, stepText } from "../../core/step.js";
import { keywordOf, similarity, SAME_TEXT, stageOf } from "./step-similarity.js";

/** An item of a list of steps, with how well it fits the step that was looked for. */
export interface StepMatch<T> {
  readonly item: T;
  readonly step: StepInfo;
  readonly fit: number;
}

/** Steps of a build. */
export class OwnSteps {
  readonly all: readonly StepInfo[];
  readonly #texts: ReadonlySet<string>;

  constructor(all: readonly StepInfo[]) {
    this.all = all;
    this.#texts = new Set(all.map(textKey));
  }

  /** Returns true for a step that this build has, too, at any place of the same stage. */
  has(step: StepInfo): boolean {
    return this.#texts.has(textKey(step));
  }
}

interface Row<T> {
  readonly item: T;
  readonly step: StepInfo;
}

interface StepTableOptions<T> {
  readonly items: readonly T[];
  readonly stepOf: (item: T) => StepInfo;
  readonly own: OwnSteps;
}

/**
 * Steps of an earlier build or project, to be looked up by what they have in common with a step of
 * this build. Each list is gone through once, however many steps are compared with it.
 */
export class StepTable<T> {
  readonly #byPosition = new Map<string, Row<T>[]>();
  readonly #byText = new Map<string, Row<T>[]>();
  /** Steps that this build does not have: one of those may have become another. */
  readonly #byKeyword = new Map<string, Row<T>[]>();

  constructor({ items, stepOf, own }: StepTableOptions<T>) {
    for (const item of items) {
      const step = stepOf(item);
      const row = { item, step };
      push(this.#byPosition, positionKey(step), row);
      push(this.#byText, textKey(step), row);
      if (!own.has(step)) push(this.#byKeyword, keywordKey(step), row);
    }
  }

  /** Returns the step that fits best of those that count, the first among equals. */
  best(wanted: StepInfo, counts: (item: T) => boolean = () => true): StepMatch<T> | undefined {
    const candidates = [
      this.#byPosition.get(positionKey(wanted)),
      this.#byText.get(textKey(wanted)),
      this.#byKeyword.get(keywordKey(wanted)),
    ];
    for (const rows of candidates) {
      const row = rows?.find(({ item }) => counts(item));
      const fit = row ? similarity(wanted, row.step) : 0;
      if (row && fit > 0) return { ...row, fit };
    }
    return undefined;
  }
}

/** Returns true when an earlier step is the same instruction, and not another one at its place. */
export function isSameText({ fit }: { readonly fit: number }): boolean {
  return fit >= SAME_TEXT;
}

function textKey(step: StepInfo): string {
  return JSON.stringify([stageOf(step) ?? null, stepText(step)]);
}

function positionKey(step: StepInfo): string {
  return JSON.stringify([stageOf(step) ?? null, stepPlace(step)?.position ?? null, stepText(step)]);
}

function keywordKey(step: StepInfo): string {
  return JSON.stringify([stageOf(step) ?? null, stepPlace(step)?.position ?? null, keywordOf(step)]);
}

function push<T>(lists: Map<string, T[]>, key: string, row: T): void {
  const list = lists.get(key);
  if (list) list.push(row);
  else lists.set(key, [row]);
}
