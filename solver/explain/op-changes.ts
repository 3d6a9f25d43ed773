import { canonicalJson, type Canonical } from "../../core/canonical.js";
import type { StepChange } from "../../core/events.js";
import { looksSecret } from "../../core/text/secret-names.js";
import type { ExecOp, FileAction, FileOp, Mount } from "../../llb/ops.js";
import { quoted } from "./values.js";
import { isRedacted } from "./redaction.js";

/** An op's identity as its file in solver/ops writes it. */
export interface Identity {
  readonly op: ExecOp | FileOp;
  readonly platform?: string;
  /** SOURCE_DATE_EPOCH in seconds. */
  readonly epoch?: number;
}

const EPOCH = "SOURCE_DATE_EPOCH";

/**
 * Returns the differences of two operations of one kind. Returns undefined when the instruction as
 * a whole describes them better.
 */
export function opChanges(was: Identity, is: Identity, args: ReadonlySet<string>): readonly StepChange[] | undefined {
  const changes =
    was.op.kind === "exec" && is.op.kind === "exec"
      ? execChanges(was.op, is.op, args)
      : was.op.kind === "file" && is.op.kind === "file"
        ? fileOpChanges(was.op, is.op)
        : undefined;
  if (!changes) return undefined;
  const all = [
    ...changes,
    ...valueChange("platform", "the platform", was.platform, is.platform),
    // The build argument of this name, where a step sees it, has been reported.
    ...(changes.some(({ subject }) => subject === EPOCH) ? [] : valueChange("option", EPOCH, was.epoch, is.epoch)),
  ];
  return all;
}

/** Fields of an exec op beside command, environment and mounts, by the name that people know. */
const EXEC_FIELDS: readonly (readonly [keyof ExecOp, string])[] = [
  ["cwd", "WORKDIR"],
  ["user", "USER"],
  ["network", "--network"],
  ["security", "--security"],
  ["hostname", "the host name"],
  ["secretEnv", "the secrets in its environment"],
  ["shmSize", "--shm-size"],
];

function execChanges(was: ExecOp, is: ExecOp, args: ReadonlySet<string>): readonly StepChange[] {
  const short = [commandText(was.args), commandText(is.args)] as const;
  // `RUN make` and `RUN ["make"]` differ in the shell only.
  const [from, to] = short[0] === short[1] ? [was.args.join(" "), is.args.join(" ")] : short;
  const command: StepChange[] = equal(was.args, is.args)
    ? []
    : [{ kind: "command", subject: to, from, to, text: `the command went from ${quoted(from)} to ${quoted(to)}` }];
  return [
    ...command,
    ...environmentChanges(was.env, is.env, args),
    ...valueChange("option", "--add-host", hostsText(was.extraHosts), hostsText(is.extraHosts)),
    ...valueChange("option", "--ulimit", limitsText(was.ulimits), limitsText(is.ulimits)),
    ...EXEC_FIELDS.flatMap(([field, name]) => valueChange("option", name, was[field] as Canonical, is[field] as Canonical)),
    ...mountChanges(was.mounts, is.mounts),
  ];
}

/** Returns the hosts as they are written. */
function hostsText(hosts: ExecOp["extraHosts"]): string | undefined {
  return hosts?.map(({ host, ip }) => `${host}:${ip}`).join(" ");
}

function limitsText(limits: ExecOp["ulimits"]): string | undefined {
  return limits?.map(({ name, soft, hard }) => `${name}=${soft}${hard === soft ? "" : `:${hard}`}`).join(" ");
}

/** Returns a command without the default shell in front. */
function commandText(args: readonly string[]): string {
  return args[0] === "/bin/sh" && args[1] === "-c" ? args.slice(2).join(" ") : args.join(" ");
}

function environmentChanges(was: readonly string[], is: readonly string[], args: ReadonlySet<string>): readonly StepChange[] {
  const [before, after] = [environment(was), environment(is)];
  const changes: StepChange[] = [];
  for (const name of new Set([...after.keys(), ...before.keys()])) {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === to) continue;
    const kind = args.has(name) ? "arg" : "env";
    const shown = `${kind === "arg" ? "ARG" : "ENV"} ${name}`;
    if (looksSecret(name) || isRedacted(from) || isRedacted(to)) {
      const how = from === undefined ? "was added" : to === undefined ? "was removed" : "changed";
      changes.push({ kind, subject: name, text: `${shown} ${how}` });
    } else changes.push({ kind, subject: name, ...sides(from, to), text: went(shown, from, to) });
  }
  if (changes.length === 0 && !equal(was, is))
    changes.push({ kind: "env", subject: "order", text: "the order of environment variables changed" });
  return changes;
}

function environment(list: readonly string[]): ReadonlyMap<string, string> {
  return new Map(list.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]));
}

function mountChanges(was: readonly Mount[], is: readonly Mount[]): readonly StepChange[] {
  const [before, after] = [new Map(was.map((mount) => [mount.dest, mount])), new Map(is.map((mount) => [mount.dest, mount]))];
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((dest): StepChange[] => {
    const [old, mount] = [before.get(dest), after.get(dest)];
    if (old && mount && equal(old, mount)) return [];
    const how = !old ? "was added" : !mount ? "was removed" : "changed";
    const fields = old && mount && old.type === mount.type ? mountFields(old, mount) : [];
    const which = fields.length === 0 ? "" : ` (${fields.join(", ")})`;
    return [{ kind: "option", subject: dest, text: `the ${mount?.type ?? old?.type} mount at ${dest} ${how}${which}` }];
  });
}

/** Options of mounts by the name that people know. */
const MOUNT_FIELDS: Readonly<Record<string, string>> = { selector: "source", size: "size", readonly: "readonly" };

/** Returns the different options of a mount. The index of its input means nothing to people. */
function mountFields(was: Mount, is: Mount): readonly string[] {
  const [before, after] = [new Map<string, Canonical>(Object.entries(was)), new Map<string, Canonical>(Object.entries(is))];
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((field) => {
    const [from, to] = [before.get(field), after.get(field)];
    if (field === "input" || equal(from, to)) return [];
    const shown = (value: Canonical | undefined): string => quoted(plain(shownField(field, value)) ?? "");
    return [`${MOUNT_FIELDS[field] ?? field} ${shown(from)} to ${shown(to)}`];
  });
}

/** Fields of file actions by the name that people know; others are reported together. */
const FILE_FIELDS: Readonly<Record<string, string>> = {
  src: "the source",
  dest: "the destination",
  path: "the path",
  oldPath: "the link's target",
  newPath: "the link's path",
  mode: "--chmod",
  owner: "--chown",
  excludePatterns: "--exclude",
  includePatterns: "the pattern",
  attemptUnpack: "--unpack",
};

/**
 * Returns the differences of file actions. The index of an action's input means nothing to people.
 */
function fileOpChanges(was: FileOp, is: FileOp): readonly StepChange[] | undefined {
  if (was.actions.length !== is.actions.length) return undefined;
  const changes: StepChange[] = [];
  for (const [index, action] of is.actions.entries()) {
    const old = was.actions[index] as FileAction;
    if (old.action !== action.action) return undefined;
    const [before, after] = [fieldsOf(old), fieldsOf(action)];
    for (const field of new Set([...Object.keys(after), ...Object.keys(before)])) {
      if (field === "input" || field === "secondaryInput" || equal(before[field], after[field])) continue;
      const name = FILE_FIELDS[field];
      if (action.action === "mkfile" && field === "data")
        changes.push({
          kind: "file",
          subject: action.path,
          text: `the inline file ${action.path.slice(action.path.lastIndexOf("/") + 1)} changed`,
        });
      else if (name === undefined) return undefined;
      else changes.push(...valueChange("option", name, shownField(field, before[field]), shownField(field, after[field])));
    }
  }
  return changes;
}

function fieldsOf(action: FileAction): Readonly<Record<string, Canonical>> {
  return Object.fromEntries(Object.entries(action));
}

function shownField(field: string, value: Canonical | undefined): Canonical | undefined {
  if (field === "mode" && typeof value === "number") return `0${value.toString(8)}`;
  if (field !== "owner" || typeof value !== "object" || value === null) return value;
  const { user, group } = value as { readonly user?: string | number; readonly group?: string | number };
  return `${user ?? ""}${group === undefined ? "" : `:${group}`}`;
}

function valueChange(
  kind: StepChange["kind"],
  subject: string,
  was: Canonical | undefined,
  is: Canonical | undefined,
): readonly StepChange[] {
  if (equal(was, is)) return [];
  const [from, to] = [plain(was), plain(is)];
  return [{ kind, subject, ...sides(from, to), text: went(subject, from, to) }];
}

function plain(value: Canonical | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  return typeof value === "string" ? value : canonicalJson(value);
}

function went(subject: string, from: string | undefined, to: string | undefined): string {
  if (from === undefined) return `${subject} is ${quoted(to ?? "")} now, and was not set`;
  if (to === undefined) return `${subject} is not set any more, it was ${quoted(from)}`;
  return `${subject} went from ${quoted(from)} to ${quoted(to)}`;
}

function sides(from: string | undefined, to: string | undefined): { from?: string; to?: string } {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function equal(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || canonicalJson(a as Canonical) === canonicalJson(b as Canonical);
}
