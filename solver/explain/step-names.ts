/** A step's name taken apart: `[build 2/4] RUN make`. */
export interface StepName {
  /** Empty when there is one stage only, undefined for steps without a place. */
  readonly stage: string | undefined;
  readonly position: number;
  /** `RUN make`. */
  readonly text: string;
  /** `RUN`. */
  readonly keyword: string;
}

export function parseStepName(name: string): StepName {
  const [, stage = "", position, text] = /^\[(?:(.*) )?\s*(\d+)\/\d+\] (.*)$/s.exec(name) ?? [];
  const shown = text ?? name;
  const keyword = shown.split(" ", 1)[0] as string;
  // Positions are padded to one width.
  return { stage: position === undefined ? undefined : stage.trimEnd(), position: Number(position ?? 0), text: shown, keyword };
}

/** What {@link likeness} is at least when the text is the same. */
export const SAME_TEXT = 2;

/** How well an earlier step fits one that is looked for: 0 is not at all. */
export function likeness(wanted: StepName, earlier: StepName): number {
  if (wanted.stage !== earlier.stage) return 0;
  if (wanted.text === earlier.text) return wanted.position === earlier.position ? 3 : 2;
  return wanted.stage !== undefined && wanted.position === earlier.position && wanted.keyword === earlier.keyword ? 1 : 0;
}

/** How many of the steps with a place that are wanted another project has, in the same stage and with the same text. */
export function sharedSteps(wanted: readonly StepName[], names: Iterable<StepName>): number {
  const have = new Set([...names].map(({ stage, text }) => `${stage}\0${text}`));
  return wanted.filter(({ stage, text }) => have.has(`${stage}\0${text}`)).length;
}
