import { cleanPath } from "../../../core/text/pattern-matcher.js";
import type { ExecOp, FileOp, Mount } from "../../ops.js";
import type { Edge } from "../../vertex.js";
import type { ValueOf } from "../message.js";
import { CACHE_SHARING, DEFAULT_AGENT, MOUNT_TYPE, NETWORK, PLAIN_CACHE, SECURITY } from "../numbers.js";
import type { EXEC, MOUNT } from "../operations.js";
import type { VertexReader } from "./vertex-reader.js";

type ExecMessage = ValueOf<typeof EXEC>;
type MountMessage = ValueOf<typeof MOUNT>;
type Meta = NonNullable<ExecMessage["meta"]>;

/** Directories of programs where a command has no PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Names of limits that a kernel has; docker's. */
const LIMITS = "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" ");

/** Reads a command. `inputs` are those of its vertex. */
export function readExec(message: ExecMessage, inputs: readonly Edge[], at: VertexReader): ExecOp {
  const { meta = {}, mounts = [], network = 0, security = 0, secretenv = [], cdiDevices = [] } = message;
  at.refuse("exec.meta.cgroupParent", meta.cgroupParent, "Limit steps with --memory and --cpus");
  const proxies = Object.values(meta.proxy_env ?? {}).filter((value) => value !== "");
  at.refuse("exec.meta.proxy_env", proxies, "Give the proxies as --build-arg HTTP_PROXY=…");
  if ((meta.validExitCodes ?? []).some((code) => code !== 0)) at.refuse("exec.meta.validExitCodes", meta.validExitCodes);
  const args = (meta.args ?? []).map((arg) => at.text("exec.meta.args", arg));
  if (args.length === 0) at.fail("exec.meta.args", "there is no command");
  const hostname = at.text("exec.meta.hostname", meta.hostname ?? "");
  const extraHosts = (meta.extraHosts ?? []).map(({ Host = "", IP = "" }) => readHost(Host, IP, at));
  const ulimits = (meta.ulimit ?? []).map(({ Name = "", Soft = 0, Hard = 0 }) => readLimit(Name, Soft, Hard, at));
  return {
    kind: "exec",
    args,
    env: readEnv(meta, at),
    cwd: cleanPath(`/${at.text("exec.meta.cwd", meta.cwd ?? "")}`),
    user: at.text("exec.meta.user", meta.user ?? ""),
    network: at.word("exec.network", network, NETWORK),
    security: at.word("exec.security", security, SECURITY),
    ...(hostname === "" ? {} : { hostname }),
    ...(extraHosts.length === 0 ? {} : { extraHosts }),
    ...(ulimits.length === 0 ? {} : { ulimits }),
    ...(cdiDevices.length === 0 ? {} : { devices: cdiDevices.map(({ name = "", optional = false }) => readDevice(name, optional, at)) }),
    mounts: readMounts(mounts, inputs, at),
    ...(secretenv.length === 0
      ? {}
      : { secretEnv: secretenv.map(({ ID = "", name = "", optional = false }) => ({ id: ID, name: readName(name, at), optional })) }),
  };
}

function readDevice(name: string, optional: boolean, at: VertexReader): { readonly name: string; readonly optional: boolean } {
  if (name === "") at.fail("exec.cdiDevices", "a device has no name");
  return { name: at.text("exec.cdiDevices", name), optional };
}

/** Reads variables. A name that occurs twice has its last value. */
function readEnv({ env = [] }: Meta, at: VertexReader): readonly string[] {
  const values = new Map<string, string>();
  for (const entry of env) {
    const equals = entry.indexOf("=");
    const name = readName(equals === -1 ? entry : entry.slice(0, equals), at);
    values.set(name, at.text("exec.meta.env", equals === -1 ? "" : entry.slice(equals + 1)));
  }
  // BuildKit does so when the command runs, and its clients rely on it.
  if (!values.has("PATH")) values.set("PATH", DEFAULT_PATH);
  return [...values].map(([name, value]) => `${name}=${value}`);
}

function readName(name: string, at: VertexReader): string {
  if (name === "" || name.includes("=")) at.fail("exec.meta.env", `"${name}" is no name of a variable`);
  return at.text("exec.meta.env", name);
}

function readHost(host: string, ip: string, at: VertexReader): { readonly host: string; readonly ip: string } {
  if (!/^[\w.-]+$/.test(host)) at.fail("exec.meta.extraHosts", `"${host}" is no name of a machine`);
  if (!/^[\da-fA-F:.]+$/.test(ip)) at.fail("exec.meta.extraHosts", `"${ip}" is no address`);
  return { host, ip };
}

function readLimit(name: string, soft: number, hard: number, at: VertexReader): NonNullable<ExecOp["ulimits"]>[number] {
  if (!LIMITS.includes(name)) at.fail("exec.meta.ulimit", `there is no limit "${name}"`);
  return { name, soft: at.number("exec.meta.ulimit", soft), hard: at.number("exec.meta.ulimit", hard) };
}

/** Reads mounts. Outputs but that of the root filesystem are dropped, and using one is refused. */
function readMounts(messages: readonly MountMessage[], inputs: readonly Edge[], at: VertexReader): readonly Mount[] {
  const mounts = messages.map((message) => readMount(message, inputs, at));
  const seen = new Set<string>();
  for (const { dest } of mounts) {
    if (seen.has(dest)) at.fail("exec.mounts", `two are at "${dest}"`);
    seen.add(dest);
  }
  const root = mounts.find(({ dest }) => dest === "/");
  if (root?.type !== "bind") return at.fail("exec.mounts", "there is no root filesystem");
  if (root.selector !== "/") at.fail("exec.mounts", `the root filesystem is a part of one, "${root.selector}"`);
  if (root.readonly) at.refuse("exec.mounts.readonly", true, "Mount the root filesystem so that the command can write");
  return mounts;
}

function readMount(message: MountMessage, inputs: readonly Edge[], at: VertexReader): Mount {
  const { input = 0, selector = "", dest = "", mountType = 0, readonly = false, contentCache = 0 } = message;
  at.refuse("exec.mounts.resultID", message.resultID);
  if (contentCache > 1) at.refuse("exec.mounts.contentCache", true);
  const path = cleanPath(`/${at.text("exec.mounts.dest", dest)}`);
  const type = at.word("exec.mounts.mountType", mountType, MOUNT_TYPE);
  const source = {
    input: at.index("exec.mounts.input", input, inputs.length),
    selector: cleanPath(`/${at.text("exec.mounts.selector", selector)}`),
  };
  switch (type) {
    case "bind":
      return { type, dest: path, readonly, ...source };
    case "cache": {
      const { ID = "", sharing = 0 } = message.cacheOpt ?? {};
      // Names of BuildKit's frontend begin with an empty namespace.
      const id = at.text("exec.mounts.cacheOpt.ID", ID.replace(/^\//, ""));
      if (id === "") at.fail("exec.mounts.cacheOpt.ID", "a cache has no name");
      return {
        type,
        dest: path,
        readonly,
        ...preparedCache(source, inputs),
        id,
        sharing: at.word("exec.mounts.cacheOpt.sharing", sharing, CACHE_SHARING),
      };
    }
    case "tmpfs":
      return { type, dest: path, readonly, size: at.number("exec.mounts.TmpfsOpt.size", message.TmpfsOpt?.size ?? 0) };
    case "secret":
      return { type, dest: path, readonly: true, ...consumed(message.secretOpt, "", at) };
    case "ssh":
      return { type, dest: path, readonly: true, ...consumed(message.SSHOpt, DEFAULT_AGENT, at) };
  }
}

function consumed(
  { ID = "", uid = 0, gid = 0, mode = 0, optional = false }: NonNullable<MountMessage["secretOpt"]> = {},
  unnamed: string,
  at: VertexReader,
): { readonly id: string; readonly uid: number; readonly gid: number; readonly mode: number; readonly optional: boolean } {
  const id = at.text("exec.mounts.ID", ID || unnamed);
  if (id === "") at.fail("exec.mounts.secretOpt.ID", "a secret has no name");
  if (mode > 0o7777) at.fail("exec.mounts.mode", `${mode.toString(8)} are no permission bits`);
  return { id, uid, gid, mode, optional };
}

/**
 * Reads the content that a cache mount begins with. A directory that is made for nothing else gives
 * its owner and mode to the mount.
 */
function preparedCache(
  { input, selector }: { readonly input: number; readonly selector: string },
  inputs: readonly Edge[],
): Pick<Mount & { readonly type: "cache" }, "input" | "selector" | "uid" | "gid" | "mode"> {
  const op = inputs[input]?.vertex.op;
  const made = op?.kind === "file" ? onlyDirectory(op) : undefined;
  if (made?.path !== selector) return { input, selector, ...PLAIN_CACHE };
  const { user = 0, group = 0 } = made.owner ?? {};
  if (typeof user === "string" || typeof group === "string") return { input, selector, ...PLAIN_CACHE };
  return { input: -1, selector: "/", uid: user, gid: group, mode: made.mode };
}

function onlyDirectory({ actions }: FileOp): (FileOp["actions"][number] & { readonly action: "mkdir" }) | undefined {
  const [action, ...others] = actions;
  return others.length === 0 && action?.action === "mkdir" && action.input === -1 ? action : undefined;
}
