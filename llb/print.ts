import { formatTimeSpan } from "../core/text/time-span.js";
import { withoutUserinfo } from "../core/text/address.js";
import type { Digest } from "../core/digest.js";
import { stepName } from "../core/step.js";
import type { CopyAction, ExecOp, FileAction, Mount, Op, Owner } from "./ops.js";
import { type Edge, type Rootfs, topological, type Vertex } from "./vertex.js";

/**
 * Returns a graph as text, inputs before users. The text is stable for equal graphs, and readable
 * enough to be kept as a test's expectation. Vertices are numbered in order: `1:` before an op is
 * its number, `(1)` a reference to it.
 */
export function printGraph(roots: readonly Rootfs[]): string {
  const numbers = new Map<Digest, number>();
  const lines: string[] = [];
  for (const vertex of topological(roots)) {
    numbers.set(vertex.digest, numbers.size + 1);
    lines.push(...printVertex(vertex, numbers));
  }
  lines.push(`result: ${roots.map((root) => (root ? reference(root, numbers) : "scratch")).join(" ")}`);
  return `${lines.join("\n")}\n`;
}

function reference({ vertex, output }: Edge, numbers: ReadonlyMap<Digest, number>): string {
  return `(${numbers.get(vertex.digest) ?? "?"}${output === 0 ? "" : `.${output}`})`;
}

function printVertex(vertex: Vertex, numbers: ReadonlyMap<Digest, number>): string[] {
  const inputs = vertex.inputs.map((edge) => reference(edge, numbers));
  const { step, ignoreCache, maxAge } = vertex.metadata;
  const head = [`${numbers.get(vertex.digest)}: ${vertex.op.kind}`, JSON.stringify(stepName(step)), ...inputs];
  if (vertex.platform !== undefined) head.push(vertex.platform);
  if (ignoreCache) head.push("no-cache");
  if (maxAge !== undefined) head.push(`max-age ${formatTimeSpan(maxAge)}`);
  return [head.join(" "), ...printOp(vertex.op).map((line) => `   ${line}`)];
}

function printOp(op: Op): string[] {
  switch (op.kind) {
    case "source":
      return [op.identifier, ...Object.entries(op.attrs).map(([name, value]) => `${name}=${value}`)].map(withoutUserinfo);
    case "exec":
      return printExec(op);
    case "file":
      return op.actions.map((action, index) => `${index}: ${printAction(action)}`);
    case "merge":
    case "diff":
      return [];
  }
}

function printExec(op: ExecOp): string[] {
  return [
    `args ${JSON.stringify(op.args)}`,
    `env ${JSON.stringify(op.env)}`,
    [`cwd ${op.cwd}`, `user ${op.user || "-"}`, `network ${op.network}`, `security ${op.security}`].join(", "),
    ...(op.hostname === undefined ? [] : [`hostname ${op.hostname}`]),
    ...(op.extraHosts ?? []).map(({ host, ip }) => `host ${host}=${ip}`),
    ...(op.ulimits ?? []).map(({ name, soft, hard }) => `ulimit ${name}=${soft}:${hard}`),
    ...(op.shmSize === undefined ? [] : [`shm ${op.shmSize}`]),
    ...(op.secretEnv ?? []).map(({ id, name, optional }) => `secret-env ${name}=${id}${optional ? "" : " required"}`),
    ...(op.devices ?? []).map(({ name, optional }) => `device ${name} ${optional ? "optional" : "required"}`),
    ...op.mounts.map((mount) => `mount ${printMount(mount)}`),
  ];
}

function printMount(mount: Mount): string {
  const parts = [mount.type, mount.dest];
  if (mount.readonly) parts.push("ro");
  if ("selector" in mount) {
    parts.push(`from ${mount.input < 0 ? "empty" : mount.input}${mount.selector === "/" ? "" : `:${mount.selector}`}`);
  }
  if ("host" in mount) parts.push(`of ${mount.host}`);
  if ("id" in mount) parts.push(`id ${mount.id}`);
  if ("sharing" in mount) parts.push(mount.sharing);
  if ("optional" in mount) parts.push(mount.optional ? "optional" : "required");
  if ("size" in mount && mount.size > 0) parts.push(`size ${mount.size}`);
  if ("mode" in mount) parts.push(`${mount.uid}:${mount.gid}`, octal(mount.mode));
  return parts.join(" ");
}

function printAction(action: FileAction): string {
  const on = `on ${action.input < 0 ? "empty" : action.input}`;
  switch (action.action) {
    case "copy":
      return [`copy ${action.secondaryInput}:${action.src} -> ${action.dest}`, on, ...copyDetails(action)].join(", ");
    case "mkfile": {
      const content = JSON.stringify(Buffer.from(action.data, "base64").toString("utf8"));
      return [`mkfile ${action.path} ${octal(action.mode)}`, on, ...ownerDetails(action.owner), content].join(", ");
    }
    case "mkdir":
      return [
        `mkdir ${action.path} ${octal(action.mode)}`,
        on,
        ...(action.makeParents ? ["parents"] : []),
        ...ownerDetails(action.owner),
      ].join(", ");
    case "rm":
      return [`rm ${action.path}`, on].join(", ");
    case "symlink":
      return [`symlink ${action.newPath} -> ${action.oldPath}`, on, ...ownerDetails(action.owner)].join(", ");
  }
}

function copyDetails(action: CopyAction): string[] {
  return [
    ...ownerDetails(action.owner),
    ...(action.mode === undefined ? [] : [`mode ${octal(action.mode)}`]),
    ...(action.followSymlinks ? ["follow"] : []),
    ...(action.dirCopyContents ? ["contents"] : []),
    ...(action.attemptUnpack ? ["unpack"] : []),
    ...(action.allowWildcard ? ["wildcard"] : []),
    ...(action.includePatterns ? [`include ${JSON.stringify(action.includePatterns)}`] : []),
    ...(action.excludePatterns ? [`exclude ${JSON.stringify(action.excludePatterns)}`] : []),
    ...(action.parentsPivot === undefined ? [] : [`parents from ${action.parentsPivot}`]),
  ];
}

function ownerDetails(owner: Owner | undefined): string[] {
  return owner ? [`owner ${owner.user ?? ""}${owner.group === undefined ? "" : `:${owner.group}`}`] : [];
}

function octal(mode: number | string): string {
  return typeof mode === "number" ? `0${mode.toString(8)}` : mode;
}
