/** Changes of a step that a specification wants for a device. */
export interface ContainerEdits {
  readonly env: readonly string[];
  readonly nodes: readonly { readonly path: string; readonly hostPath: string }[];
  readonly mounts: readonly { readonly hostPath: string; readonly containerPath: string }[];
  readonly groups: readonly number[];
  /** Wishes that no step gets: `the hook createContainer (/usr/bin/tool)`. */
  readonly refused: readonly string[];
}

/** A device of the machine. */
export interface CdiDevice {
  /** Whole name: `vendor.com/class=name`. */
  readonly name: string;
  /** File of the specification. */
  readonly file: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Edits of the specification, for any of its devices. */
  readonly common: ContainerEdits;
  readonly edits: ContainerEdits;
}

/** A specification that cannot be read, with the reason. */
export class BadSpec extends Error {}

type Members = Readonly<Record<string, unknown>>;

const KIND = /^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*$/;
const NAME = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;
const LARGEST_ID = 0xffff_fffe;

/** Reads a specification's value. Throws {@link BadSpec}. */
export function readSpec(value: unknown, file: string): readonly CdiDevice[] {
  const spec = members(value, "the file");
  const kind = text(spec, "kind");
  if (!KIND.test(kind)) throw new BadSpec(`the kind "${kind}" is no vendor/class`);
  const annotations = annotationsOf(spec);
  const common = editsOf(spec["containerEdits"], "containerEdits");
  return list(spec, "devices").map((item, index) => {
    const device = members(item, `devices[${index}]`);
    const name = text(device, "name");
    if (!NAME.test(name)) throw new BadSpec(`the device name "${name}" has other characters than letters, digits and "_-.:"`);
    const edits = editsOf(device["containerEdits"], `containerEdits of ${name}`);
    return { name: `${kind}=${name}`, file, annotations: { ...annotations, ...annotationsOf(device) }, common, edits };
  });
}

function editsOf(value: unknown, where: string): ContainerEdits {
  const edits = value === undefined || value === null ? {} : members(value, where);
  const env = list(edits, "env").map((item) => {
    if (typeof item !== "string" || item.indexOf("=") < 1)
      throw new BadSpec(`env of ${where} has "${String(item)}", which is no NAME=value`);
    return item;
  });
  const nodes = list(edits, "deviceNodes").map((item) => {
    const node = members(item, `deviceNodes of ${where}`);
    const path = absolute(node, "path");
    return { path, hostPath: node["hostPath"] === undefined ? path : absolute(node, "hostPath") };
  });
  const mounts = list(edits, "mounts").map((item) => {
    const mount = members(item, `mounts of ${where}`);
    const type = mount["type"] ?? "bind";
    if (type !== "" && type !== "bind" && type !== "none") throw new BadSpec(`mounts of ${where} have the type "${String(type)}"`);
    return { hostPath: absolute(mount, "hostPath"), containerPath: absolute(mount, "containerPath") };
  });
  const groups = list(edits, "additionalGids").map((item) => {
    if (!Number.isInteger(item) || (item as number) < 0 || (item as number) > LARGEST_ID)
      throw new BadSpec(`additionalGids of ${where} has "${String(item)}"`);
    return item as number;
  });
  const hooks = list(edits, "hooks").map((item) => {
    const hook = members(item, `hooks of ${where}`);
    return `the hook ${text(hook, "hookName")} (${text(hook, "path")})`;
  });
  const others = ["intelRdt", "netDevices"].filter((name) => edits[name] !== undefined);
  return { env, nodes, mounts, groups, refused: [...hooks, ...others] };
}

function annotationsOf(of: Members): Readonly<Record<string, string>> {
  const value = of["annotations"];
  return value === undefined || value === null
    ? {}
    : Object.fromEntries(Object.entries(members(value, "annotations")).map(([name, one]) => [name, String(one)]));
}

function members(value: unknown, where: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadSpec(`${where} is no object`);
  return value as Members;
}

function list(of: Members, name: string): readonly unknown[] {
  const value = of[name] ?? [];
  if (!Array.isArray(value)) throw new BadSpec(`${name} is no list`);
  return value;
}

function text(of: Members, name: string): string {
  const value = of[name];
  if (typeof value !== "string" || value === "") throw new BadSpec(`it has no ${name}`);
  return value;
}

function absolute(of: Members, name: string): string {
  const path = text(of, name);
  if (!path.startsWith("/") || path.includes("\0")) throw new BadSpec(`the ${name} "${path}" does not begin with /`);
  return path;
}
