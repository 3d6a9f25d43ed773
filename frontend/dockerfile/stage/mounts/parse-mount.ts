import type { SourceRange } from "../../../../core/diagnostics.js";
import { parseBoolean } from "../../../../core/go-values/boolean.js";
import { parseCsv } from "../../../../core/go-values/csv.js";
import { parseSize } from "../../../../core/go-values/size.js";
import type { Flag } from "../../ast.js";
import * as errors from "../../errors/errors.js";
import { InstructionProblem } from "../instruction-context.js";
import { type MountType, type OwnKey, type RunMount, SHARING } from "./mount-type.js";
import { MOUNT_TYPES, mountType } from "./table.js";

/** Largest usable id: 4294967295 means "unchanged" to the system. */
const LARGEST_ID = 0xffff_fffe;
const LARGEST_MODE = 0o7777;

const TYPE_NAMES = MOUNT_TYPES.map(({ type }) => type);

type MutableMount = { -readonly [K in keyof RunMount]: RunMount[K] } & { readonlySet: boolean };

const ALIASES: Readonly<Record<string, string>> = { src: "source", dst: "target", destination: "target", ro: "readonly", rw: "readwrite" };
const KEYS = "type from source target readonly readwrite id sharing required size mode uid gid env src dst destination ro rw".split(" ");

/**
 * Returns the stage or image that a mount names. The stage graph needs it before anything is
 * expanded.
 */
export function mountFrom(flag: Flag): string | undefined {
  const line = parseCsv(flag.value ?? "");
  if ("problem" in line) return undefined;
  const values = new Map(line.fields.map((field) => split(field)).map(([key, value]) => [key, value ?? ""]));
  const type = MOUNT_TYPES.find((candidate) => candidate.type === values.get("type")?.toLowerCase());
  if (type?.noSource) return undefined;
  return values.get("from") || undefined;
}

/** Returns true when a mount has values that only lowering knows. */
export function hasVariables(flag: Flag): boolean {
  return flag.value?.includes("$") ?? false;
}

/**
 * Reads a mount. `expand` gets every value but that of `from`. Throws {@link InstructionProblem}.
 */
export function parseMount(flag: Flag, range: SourceRange, expand: (value: string) => string): RunMount {
  const text = flag.value ?? "";
  const fail = (why: string, hint?: string): never => {
    throw new InstructionProblem(errors.invalidMount(text, why, range, hint));
  };
  const line = parseCsv(text);
  if ("problem" in line) return fail(line.problem);
  const mount: MutableMount = {
    type: "bind",
    from: undefined,
    source: undefined,
    target: undefined,
    readonly: false,
    readonlySet: false,
    id: undefined,
    sharing: undefined,
    required: false,
    size: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    env: undefined,
  };
  for (const field of line.fields) {
    const [key, raw] = split(field);
    const name = ALIASES[key] ?? key;
    const assign = MEMBERS.get(name);
    if (!assign) throw new InstructionProblem(errors.mountKey(text, key, KEYS, range));
    if (raw === undefined && !["readonly", "readwrite", "required"].includes(name)) fail(`"${field}" has no value`, `write ${key}=value`);
    const value = raw === undefined || key === "from" ? raw : expand(raw);
    checkKey(mount, key, name, fail);
    assign(mount, new Value({ text, range, fail, name, value }));
  }
  validate(mount, fail);
  const { readonlySet, ...rest } = mount;
  return { ...rest, readonly: readonlySet ? mount.readonly : !mountType(mount.type).writable };
}

interface ValueOptions {
  /** The whole mount. */
  readonly text: string;
  readonly range: SourceRange;
  readonly fail: (why: string, hint?: string) => never;
  /** Name of the key, which is no alias. */
  readonly name: string;
  readonly value: string | undefined;
}

/** The value of one key, read as the key's type. Each reader throws {@link InstructionProblem}. */
class Value {
  readonly #options: ValueOptions;

  constructor(options: ValueOptions) {
    this.#options = options;
  }

  text(): string | undefined {
    return this.#options.value;
  }

  /** Reads a boolean. A key without a value is true. */
  boolean(): boolean {
    const { value, fail } = this.#options;
    return value === undefined ? true : (parseBoolean(value) ?? fail(`"${value}" is not true or false`));
  }

  number(base: 8 | 10, largest: number): number {
    const { value = "", name, fail } = this.#options;
    const digits = base === 8 ? /^[0-7]+$/ : /^\d+$/;
    const parsed = digits.test(value) ? Number.parseInt(value, base) : Number.NaN;
    const limits = `it is from 0 to ${largest.toString(base)}${base === 8 ? ", in octal" : ""}`;
    return parsed <= largest ? parsed : fail(`"${value}" is no ${name}`, limits);
  }

  size(): number {
    const { value = "", fail } = this.#options;
    return parseSize(value) ?? fail(`"${value}" is no size`, "a size is 64m, 1g or a number of bytes, and less than 8p");
  }

  choice<T extends string>(choices: readonly T[]): T {
    const { text, name, value = "", range } = this.#options;
    const found = choices.find((candidate) => candidate === value.toLowerCase());
    if (found === undefined) throw new InstructionProblem(errors.mountChoice(text, name, value, choices, range));
    return found;
  }
}

type Assign = (mount: MutableMount, value: Value) => void;

/** Members by key. */
const MEMBERS: ReadonlyMap<string, Assign> = new Map<string, Assign>([
  ["type", (mount, value) => (mount.type = value.choice(TYPE_NAMES))],
  ["sharing", (mount, value) => (mount.sharing = value.choice(SHARING))],
  ["from", (mount, value) => (mount.from = value.text())],
  ["source", (mount, value) => (mount.source = value.text())],
  ["target", (mount, value) => (mount.target = value.text())],
  ["id", (mount, value) => (mount.id = value.text())],
  ["env", (mount, value) => (mount.env = value.text())],
  ["readonly", (mount, value) => Object.assign(mount, { readonly: value.boolean(), readonlySet: true })],
  ["readwrite", (mount, value) => Object.assign(mount, { readonly: !value.boolean(), readonlySet: true })],
  ["required", (mount, value) => (mount.required = value.boolean())],
  ["size", (mount, value) => (mount.size = value.size())],
  ["mode", (mount, value) => (mount.mode = value.number(8, LARGEST_MODE))],
  ["uid", (mount, value) => (mount.uid = value.number(10, LARGEST_ID))],
  ["gid", (mount, value) => (mount.gid = value.number(10, LARGEST_ID))],
]);

/** Refuses a key that the mount's type does not take. Other keys are checked at the end. */
function checkKey(mount: MutableMount, key: string, name: string, fail: ValueOptions["fail"]): void {
  // These keys may not stand before the type.
  if ((name !== "env" && name !== "required" && name !== "size") || takes(mountType(mount.type), name)) return;
  const other = MOUNT_TYPES.find((type) => takes(type, name))?.type;
  fail(`"${key}" is not for mounts of type ${mount.type}`, `put type=${other} before it`);
}

function takes({ keys }: MountType, key: OwnKey): boolean {
  return keys.includes(key);
}

function validate(mount: MutableMount, fail: (why: string, hint?: string) => never): void {
  const type = mountType(mount.type);
  for (const name of ["mode", "uid", "gid", "sharing"] as const) {
    if (mount[name] !== undefined && !takes(type, name)) fail(`"${name}" is not for mounts of type ${mount.type}`);
  }
  type.check?.(mount, fail);
}

function split(field: string): [key: string, value: string | undefined] {
  const equals = field.indexOf("=");
  return equals === -1 ? [field.toLowerCase(), undefined] : [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
}
