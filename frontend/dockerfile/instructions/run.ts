import { compareCodeUnits } from "../../../core/canonical.js";
import type { StepInfo } from "../../../core/step.js";
import type { ExecOp, FileOp, Mount } from "../../../llb/ops.js";
import { edge, type VertexMetadata } from "../../../llb/vertex.js";
import type { Flag, Heredoc, NodeOf } from "../ast.js";
import { commandArgs, withShell } from "../stage/command-line.js";
import { splitAssignment } from "../values/env.js";
import { parseDevice, type RunDevice } from "../stage/devices.js";
import * as errors from "../errors/errors.js";
import type { Variables } from "../values/expand.js";
import { readFlags } from "../syntax/flags.js";
import { chompTabs, parseHeredoc } from "../syntax/heredoc.js";
import { Inputs } from "../stage/inputs.js";
import { type BoundInstruction, InstructionProblem, type InstructionContext } from "../stage/instruction-context.js";
import type { SourceName } from "../stage/stage-state.js";
import { lowerMounts, mountSources } from "../stage/mounts/lower-mounts.js";
import type { RunMount } from "../stage/mounts/mount-type.js";
import { hasVariables, mountFrom, parseMount } from "../stage/mounts/parse-mount.js";
import { secretId } from "../stage/mounts/secret.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

const NETWORKS = ["default", "none", "host"] as const;
const SECURITY = ["sandbox", "insecure"] as const;

interface RunFlags {
  readonly mounts: readonly Flag[];
  readonly network: ExecOp["network"] | undefined;
  readonly security: ExecOp["security"];
  readonly devices: readonly RunDevice[];
}

/** Checks `RUN command`, in shell or exec form or with heredocs. */
export function checkRun(node: NodeOf<"run">, report: Report): BoundInstruction | undefined {
  const flags = checkFlags(node, report);
  const { command } = node;
  if (command?.form === "exec" && command.args.length === 0) {
    report.add(errors.missingArguments("RUN", "a command", node.range));
    return undefined;
  }
  if (!flags) return undefined;
  const sources = flags.mounts.map((flag): SourceName | undefined => {
    const name = mountFrom(flag);
    return name === undefined ? undefined : { name, range: flag.valueRange, verb: "mount" };
  });
  return bind(node, (at) => lowerRun(node, flags, at), { sources, isStep: true });
}

function checkFlags(node: NodeOf<"run">, report: Report): RunFlags | undefined {
  const flags = readFlags(node, { mount: "list", network: "string", security: "string", device: "list" }, report);
  if (!flags) return undefined;
  const before = report.problems.length;
  for (const flag of flags.mount) {
    const from = mountFrom(flag);
    if (from && /\$./.test(from)) report.add(errors.fromVariable("from in --mount", from, flag.valueRange));
    else if (!hasVariables(flag)) {
      try {
        parseMount(flag, flag.valueRange, (value) => value);
      } catch (error) {
        if (!(error instanceof InstructionProblem)) throw error;
        report.add(error.problem);
      }
    }
  }
  const devices = flags.device.flatMap((flag) => {
    const device = parseDevice(flag, report);
    return device ? [device] : [];
  });
  const network = choice("network", flags.network, NETWORKS, report);
  const security = choice("security", flags.security, SECURITY, report) ?? "sandbox";
  return report.problems.length === before ? { mounts: flags.mount, network, security, devices } : undefined;
}

function choice<T extends string>(name: string, flag: Flag | undefined, choices: readonly T[], report: Report): T | undefined {
  if (!flag) return undefined;
  const found = choices.find((candidate) => candidate === flag.value);
  if (found === undefined) report.add(errors.flagChoice(name, flag.value ?? "", choices, flag.valueRange));
  return found;
}

function lowerRun(node: NodeOf<"run">, flags: RunFlags, at: InstructionContext): void {
  const { stage, build } = at;
  const { options } = build;
  const mounts = flags.mounts.map((flag): RunMount => {
    const range = flag.valueRange;
    return parseMount(flag, range, (value) => at.expand({ text: value, range: flag.valueRange }));
  });
  const inputs = new Inputs();
  const script = scriptOf(node, at);
  const all: Mount[] = [
    { type: "bind", dest: "/", readonly: false, input: inputs.of(stage.rootfs), selector: "/" },
    ...(script.mount ? [script.mount(inputs)] : []),
    ...lowerMounts(mounts, flags.mounts, inputs, at),
  ];
  // By path, so that a mount inside another one comes after it.
  all.sort((a, b) => compareCodeUnits(a.dest, b.dest));
  const secretEnv = mounts.flatMap((mount) =>
    mount.env === undefined ? [] : [{ id: secretId(mount), name: mount.env, optional: !mount.required }],
  );
  const agent = all.find((mount) => mount.type === "ssh");
  const env =
    agent && stage.env.get("SSH_AUTH_SOCK") === undefined ? [...stage.env.list(), `SSH_AUTH_SOCK=${agent.dest}`] : stage.env.list();
  const op: ExecOp = {
    kind: "exec",
    args: script.args,
    env,
    cwd: stage.cwd,
    user: stage.image.config?.User ?? "",
    // `default` means the build's network, as in BuildKit: a step cannot get back a network that
    // the command line denied.
    network: flags.network === undefined || flags.network === "default" ? options.network : flags.network,
    security: flags.security,
    ...(options.extraHosts.length > 0 ? { extraHosts: options.extraHosts } : {}),
    mounts: all,
    ...(secretEnv.length > 0 ? { secretEnv } : {}),
    ...(options.ulimits && options.ulimits.length > 0 ? { ulimits: options.ulimits } : {}),
    ...(flags.devices.length > 0 ? { devices: flags.devices.map(({ name, required }) => ({ name, optional: !required })) } : {}),
    ...(options.shmSize ? { shmSize: options.shmSize } : {}),
    ...(build.buildArgs["BUILDKIT_SANDBOX_HOSTNAME"] ? { hostname: build.buildArgs["BUILDKIT_SANDBOX_HOSTNAME"] } : {}),
  };
  const step = at.step(node.text + script.summary, masked(stage.env, secretEnv), { rawQuotes: true, skipUnset: true });
  stage.rootfs = edge({
    op,
    inputs: inputs.edges,
    platform: at.platformText,
    metadata: runMetadata(op, step, mountSources(mounts, at), at),
  });
  at.commit(`RUN ${historyArgs(at)}${script.args.join(" ")}`, { layer: true, mark: true });
}

/**
 * Returns the metadata of a RUN step: names of build arguments, for explanations. A cache mount
 * that begins empty ignores the cache.
 */
function runMetadata(op: ExecOp, step: StepInfo, mountedFrom: Readonly<Record<string, string>>, at: InstructionContext): VertexMetadata {
  const { stage, build } = at;
  const fixed = new Set((stage.image.config?.Env ?? []).map((entry) => splitAssignment(entry)[0]));
  const args = [...stage.buildArgs.keys()].filter((arg) => !fixed.has(arg));
  const fresh = build.options.freshMounts === true && op.mounts.some((mount) => mount.type === "cache");
  return {
    ...(fresh ? { ignoreCache: true, ignoreReason: "--no-cache=mounts was given, and it uses a cache mount" } : {}),
    ...at.metadata(step),
    ...(args.length > 0 ? { args } : {}),
    ...(Object.keys(mountedFrom).length > 0 ? { mountedFrom } : {}),
  };
}

interface Script {
  readonly args: readonly string[];
  /** Text that progress shows after the command. */
  readonly summary: string;
  readonly mount?: (inputs: Inputs) => Mount;
}

/**
 * Returns the program of a RUN. A heredoc alone is the script; with a `#!` it is a program; beside
 * a command the shell gets it unchanged.
 */
function scriptOf(node: NodeOf<"run">, at: InstructionContext): Script {
  const { image } = at.stage;
  const { command, heredocs } = node;
  const first = heredocs[0];
  if (!first || command?.form !== "shell") return { args: commandArgs(image, command), summary: "" };
  if (!parseHeredoc(command.text)) {
    const text = command.text + heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join("");
    return { args: withShell(image, text), summary: "" };
  }
  const content = first.chomp ? chompTabs(first.content) : first.content;
  const summary = ` (${summarize(first.content)})`;
  if (image.os === "windows" || !content.startsWith("#!")) return { args: withShell(image, content), summary };
  return { args: withShell(image, `/dev/pipes/${first.name}`), summary, mount: (inputs) => scriptMount(first, content, inputs) };
}

function scriptMount(heredoc: Heredoc, content: string, inputs: Inputs): Mount {
  const op: FileOp = {
    kind: "file",
    actions: [{ action: "mkfile", input: -1, path: `/${heredoc.name}`, mode: 0o755, data: Buffer.from(content).toString("base64") }],
  };
  const file = edge({ op, metadata: { step: { kind: "internal", text: "preparing inline document" } } });
  return { type: "bind", dest: "/dev/pipes", readonly: true, input: inputs.of(file), selector: "/" };
}

function summarize(content: string): string {
  const lines = content.trim().split(/\r?\n/);
  return (lines[0] ?? "") + (lines.length > 1 ? "..." : "");
}

/** Returns `|2 A=1 B=2 `: the ARGs that the command could see. */
function historyArgs(at: InstructionContext): string {
  const { buildArgs, env } = at.stage;
  const texts = [...buildArgs].map(([name, value]) => `${name}=${env.get(name) ?? value ?? ""}`);
  return texts.length === 0 ? "" : `|${texts.length} ${texts.join(" ")} `;
}

/** Returns the variables with placeholders for values from secrets. */
function masked(variables: Variables, secrets: readonly { readonly name: string }[]): Variables {
  if (secrets.length === 0) return variables;
  const names = new Set(secrets.map((secret) => secret.name));
  return { get: (name) => (names.has(name) ? "****" : variables.get(name)), names: () => variables.names() };
}
