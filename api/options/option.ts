import type { ShapeTypes } from "./shapes.js";

/** Headings of the help, in its order. */
export const GROUPS = {
  input: "What to build:",
  result: "Where the result goes:",
  cache: "Cache:",
  steps: "How steps run:",
  limits: "How much RUN steps may take:",
  output: "What is shown and written down:",
} as const;

/** One flag of a command. Without `value` it is a switch; `repeat` collects every occurrence. */
export interface Flag {
  /** Name without dashes, as docker spells it. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in the help: `<dir>`. */
  readonly value?: string;
  readonly repeat?: boolean;
  /** Modes of a switch: `--name=mode`. The bare switch means the first. */
  readonly modes?: readonly string[];
  readonly choices?: readonly string[];
  readonly text: string;
  /** Heading in the help. */
  readonly group?: string;
  readonly hidden?: boolean;
  /**
   * True refuses an empty value, as docker does. Otherwise a flag with an empty value counts as
   * absent: scripts write `--target "$TARGET"`.
   */
  readonly notEmpty?: boolean;
}

/**
 * Ways from the text of a flag to a value, and the type of the value. `cli/syntax/build-options.ts`
 * has a reader for each.
 */
export interface Readings {
  readonly text: string;
  /** Every occurrence. */
  readonly texts: readonly string[];
  /** Every occurrence, each a line of CSV. */
  readonly csv: readonly string[];
  /** `KEY=VALUE`; with the key alone the value is empty. */
  readonly labels: Readonly<Record<string, string>>;
  /** `KEY=VALUE`. */
  readonly pairs: Readonly<Record<string, string>>;
  /** A size, such as 64m. */
  readonly bytes: number;
  /** A member of `words`, which must be the words that the shape of the option takes. */
  readonly word: never;
  readonly switch: true;
  /** A grammar of its own. */
  readonly own: never;
  /** Read beside the other options: the operand and the outputs depend on more than their flag. */
  readonly apart: never;
}

/** The flag of an option, and how its text is read. */
export interface OptionFlag<R extends keyof Readings = keyof Readings> extends Flag {
  readonly reads: R;
  /** Words that a flag which `reads` a word takes. */
  readonly words?: readonly string[];
  /** Form of one occurrence, for the message about another: `NAME=SOURCE`. */
  readonly form?: string;
}

/** One option of a build. */
export interface Option<S extends keyof ShapeTypes = keyof ShapeTypes, D = unknown> {
  readonly shape: S;
  /** Default value of the option. */
  readonly default: D;
  readonly flag: OptionFlag | undefined;
  /** Set where a check takes the option too, because it selects the Dockerfile. */
  readonly checked: boolean;
}

export interface Details<V, D, R extends keyof Readings, C extends boolean> {
  readonly default?: D & V;
  readonly flag?: OptionFlag<R> & ([Readings[R]] extends [V] ? unknown : never);
  readonly checked?: C;
}

export interface Declared<S extends keyof ShapeTypes, D, R extends keyof Readings, C extends boolean> extends Option<S, D> {
  readonly flag: OptionFlag<R> | undefined;
  readonly checked: C;
}

/**
 * Declares an option: the shape of its value, its default, its flag. The comment above it is the
 * documentation of the library.
 */
export function option<S extends keyof ShapeTypes, const D = undefined, R extends keyof Readings = never, C extends boolean = false>(
  shape: S,
  { default: fallback, flag, checked }: Details<ShapeTypes[S], D, R, C> = {},
): Declared<S, D, R, C> {
  return { shape, default: fallback as D, flag, checked: checked ?? false } as Declared<S, D, R, C>;
}

type Table = Readonly<Record<string, Option>>;

/** Type of the options that a table declares. */
export type OptionsOf<T extends Table> = { readonly [K in keyof T]?: ShapeTypes[T[K]["shape"]] };

/** Type of the same options with the defaults of the table filled in. */
export type WithDefaults<T extends Table> = {
  readonly [K in keyof T]: T[K]["default"] extends undefined ? ShapeTypes[T[K]["shape"]] | undefined : ShapeTypes[T[K]["shape"]];
};

/** Names of the options of a table that a check takes. */
export type CheckedOf<T extends Table> = { readonly [K in keyof T]: T[K] extends { readonly checked: true } ? K : never }[keyof T];

/** Names of the options of a table whose flags are read in one way. */
export type OptionsReading<T extends Table, R extends keyof Readings> = {
  readonly [K in keyof T]: T[K] extends Option & { readonly flag: OptionFlag<infer Q> | undefined }
    ? [Q] extends [never]
      ? never
      : Q extends R
        ? K
        : never
    : never;
}[keyof T];
