import type { Writable } from "node:stream";

/** Ways to read the text of an attribute. */
export type AttributeForm =
  | "text"
  /** A path on this machine. */
  | "path"
  /** A directory that is written to. */
  | "directory"
  /** A file that is written to, or a stream. */
  | "file"
  /** Name of an image. */
  | "reference"
  | "flag"
  | "number"
  /** A duration as Go writes it; the value is in milliseconds. */
  | "duration"
  | "choice"
  /** Texts with a separator between them. */
  | "list"
  /** Attributes of the form `annotation….KEY`, each an entry of an object. */
  | "annotations";

declare const VALUE: unique symbol;

/**
 * One attribute of a line such as `type=s3,bucket=b`. A table of attributes has the names of the
 * library; from it the command reads the line, and the library has the type of the options.
 */
export interface Attribute<T = unknown, Needed extends boolean = boolean> {
  /** Name on the command line, where it is not that of the library. */
  readonly key?: string | undefined;
  readonly form: AttributeForm;
  readonly required: Needed;
  readonly choices?: readonly (string | number)[];
  readonly separator?: string;
  /** Text that stands for everything a list could name. */
  readonly all?: string | undefined;
  /** Name of a flag: with its value false, a file becomes a directory. */
  readonly directoryWithout?: string;
  /** True for an attribute that is checked and changes nothing. */
  readonly idle?: boolean;
  readonly [VALUE]?: T;
}

export type Attributes = Readonly<Record<string, Attribute>>;

type ValueOf<A> = A extends { readonly [VALUE]?: infer T } ? T : never;
type Kept<A extends Attributes> = { readonly [K in keyof A]: A[K] extends { readonly idle: true } ? never : K }[keyof A];
type Needed<A extends Attributes> = { readonly [K in keyof A]: A[K] extends { readonly required: true } ? K : never }[keyof A];

/** Type of the options that a table of attributes declares. */
export type ValuesOf<A extends Attributes> = {
  readonly [K in keyof A as K extends Needed<A> ? K : never]: ValueOf<A[K]>;
} & {
  readonly [K in keyof A as K extends Exclude<Kept<A>, Needed<A>> ? K : never]?: ValueOf<A[K]>;
};

/** Makers of attributes. `key` is the name on the command line, where it is another. */
export const attribute = {
  text: (key?: string): Attribute<string, false> => ({ key, form: "text", required: false }),
  path: (key?: string): Attribute<string, false> => ({ key, form: "path", required: false }),
  directory: (key?: string): Attribute<string, false> => ({ key, form: "directory", required: false }),
  /**
   * Makes the file or stream that is written to; false of the flag `directoryWithout` makes it a
   * directory.
   */
  file: (directoryWithout?: string): Attribute<string | Writable, true> => ({
    form: "file",
    required: true,
    ...(directoryWithout === undefined ? {} : { directoryWithout }),
  }),
  reference: (key?: string): Attribute<string, false> => ({ key, form: "reference", required: false }),
  flag: (key?: string): Attribute<boolean, false> => ({ key, form: "flag", required: false }),
  number: (key?: string): Attribute<number, false> => ({ key, form: "number", required: false }),
  duration: (key?: string): Attribute<number, false> => ({ key, form: "duration", required: false }),
  choice: <const C extends readonly (string | number)[]>(choices: C, key?: string): Attribute<C[number], false> => ({
    key,
    form: "choice",
    choices,
    required: false,
  }),
  list: (separator: string, key?: string): Attribute<readonly string[], false> => ({ key, form: "list", separator, required: false }),
  /** Makes an attribute that is checked and changes nothing. */
  idle: <T>(made: Attribute<T, false>): Attribute<T, false> & { readonly idle: true } => ({ ...made, idle: true }),
  /** Makes an attribute that must be there. */
  required: <T>(made: Attribute<T>): Attribute<T, true> => ({ ...made, required: true }),
};
