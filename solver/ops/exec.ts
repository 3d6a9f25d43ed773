import type { LayerId } from "../../cache/contract/layers.js";
import { stackOn } from "../../cache/contract/stacks.js";
import { type Canonical, canonicalJson } from "../../core/canonical.js";
import { ExecError } from "../../core/errors.js";
import { stepName } from "../../core/step.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { RunIo, SandboxSpec, StepReport, Worker } from "../../executor-native/contract.js";
import type { DeviceEdits } from "../../executor-native/devices/device-edits.js";
import { TIER_TEXTS } from "../../executor-native/tier.js";
import type { ExecOp } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import type { Ports } from "../ports.js";
import type { EngineOp, OpContext } from "../engine/op.js";
import type { LayerForm } from "../layer-forms.js";
import { sharedReporter } from "../layers/ports.js";
import type { StepResult } from "../result.js";
import { keepFailedStep } from "./failed-step.js";
import { diskHint } from "./disk-hint.js";
import { mountInputs, type MountPorts, prepareMounts } from "./mounts/exec-mounts.js";
import { subtreeDigest } from "./file/selection.js";
import { readTreeFile, treeOfInput } from "./inputs/input-tree.js";
import { OutputMask } from "../secrets/output-mask.js";
import { stepSecrets } from "../secrets/step-secrets.js";
import { hostsFile, prepareRoot, STEP_HOSTNAME } from "./step-files.js";
import { readyLimits, reportTo } from "./step-limits.js";
import { OutputTail } from "./output-tail.js";
import { rootLayers } from "./inputs/root-layers.js";
import { isDirectoryInput } from "./inputs/whole-input.js";

type ExecPorts = MountPorts & Ports<"clock" | "exports">;

/**
 * Returns the op of RUN: one sandboxed process on an overlay of the input's layers. The changes of
 * the process are a new layer.
 */
export function execOp(op: ExecOp, vertex: Vertex, form: LayerForm, ports: ExecPorts): EngineOp<StepResult> {
  const { layers, clock, exports, past } = ports;
  const root = op.mounts.find((mount) => mount.dest === "/");
  if (root?.type !== "bind") throw new Error("internal: an exec op needs a bind mount at /");
  const selected = new Map(mountInputs(op));
  if (isDirectoryInput(vertex, root.input)) selected.set(root.input, new Set(["/"]));
  return {
    async identity() {
      const place = op.network === "default" ? await ports.sandboxes.identity?.() : undefined;
      const devices = op.devices && seenOf(await ports.sandboxes.devices(op.devices));
      return canonicalJson({
        op: op as unknown as Canonical,
        platform: vertex.platform,
        epoch: clock.epoch,
        ...(place !== undefined && { place }),
        ...(devices && { devices }),
      });
    },
    selects: (index) => selected.has(index),
    expected: () => ports.sandboxes.expect(),
    async contentDigest(index, input, opContext) {
      const tree = await treeOfInput(input, layers, opContext);
      const digests = [];
      for (const selector of selected.get(index) ?? [])
        digests.push(await subtreeDigest(tree, selector, { signal: opContext.signal, onSelected: past.selections.note }));
      return digests.join(" ");
    },
    async prepare(inputs, opContext) {
      const base = inputs[root.input];
      if (base?.kind === "layers") await layers.ready(base.layers, opContext);
    },
    async run(inputs, opContext) {
      const base = root.input < 0 ? [] : await rootLayers(inputs[root.input] as StepResult, layers, opContext);
      const stack = stackOn(base, await runStep(op, base, inputs, vertex, ports, opContext));
      if (form.exported) exports.compress(stack, base.length);
      return { kind: "layers", layers: stack };
    },
  };
}

/**
 * Returns what a step sees of its devices, for its key: variables, paths and groups. Another
 * machine has other drivers behind them.
 */
function seenOf({ env, mounts, groups }: DeviceEdits): Canonical {
  return { env: [...env], paths: mounts.map(({ dest }) => dest), groups: [...groups] };
}

async function runStep(
  op: ExecOp,
  base: readonly LayerId[],
  inputs: readonly StepResult[],
  vertex: Vertex,
  ports: ExecPorts,
  opContext: OpContext,
): Promise<LayerId> {
  const { layers, sandboxes, past } = ports;
  const [worker, { lowers, root }] = await allOrAbort(opContext.signal, (signal) => [
    sandboxes.worker(),
    layers.overlay(base, sharedReporter(opContext, signal)),
  ]);
  return await withResource(await prepareMounts(op, { inputs, names: vertex.metadata.mountedFrom }, ports, opContext), async (mounts) => {
    const secrets = await stepSecrets(op, ports.secrets);
    const authorities = await sandboxes.authorities(op);
    const trust = authorities && (await (await import("./step-trust.js")).trustFor(authorities, base, lowers, ports, opContext));
    const devices = op.devices && (await sandboxes.devices(op.devices));
    // A secret wins over devices, these over ENV, and all over proxies and certificates.
    const given = [...missingFrom(secrets.env, devices?.env ?? []), ...secrets.env];
    const own = [...missingFrom(given, op.env), ...given];
    const env = [...own, ...missingFrom(own, [...sandboxes.proxyEnv, ...(trust?.env ?? [])])];
    const active = layers.store.layers.prepare();
    try {
      const network = await sandboxes.network(op);
      await prepareRoot(active.fs, root, worker);
      const spec: SandboxSpec = {
        rootfs: { lowers: trust?.lowers ?? lowers, upper: active.fs, work: active.work },
        mounts: [...(trust?.mounts ?? []), ...mounts.list, ...(devices?.mounts ?? [])],
        args: op.args,
        env,
        cwd: op.cwd,
        user: op.user,
        ...(devices && { groups: devices.groups }),
        hostname: op.hostname ?? STEP_HOSTNAME,
        network: network.kind,
        security: op.security,
        hosts: hostsFile({ ...op, extraHosts: [...(op.extraHosts ?? []), ...(network.hosts ?? [])] }, network.gateway),
        resolvConf: network.resolvConf,
        ...(vertex.platform === undefined ? {} : { platform: vertex.platform }),
        ...(sandboxes.limits ? { limits: sandboxes.limits } : {}),
        ...(op.ulimits ? { ulimits: op.ulimits } : {}),
        ...(op.shmSize === undefined ? {} : { shmSize: op.shmSize }),
        ...(worker.copiesRoots && { keepFailed: true }),
      };
      const tail = new OutputTail();
      const show = (stream: "stdout" | "stderr", data: Uint8Array): void => {
        if (data.length === 0) return;
        tail.add(data);
        opContext.output(stream, data);
      };
      const masks = { stdout: new OutputMask(secrets.values), stderr: new OutputMask(secrets.values) };
      reportTier(worker, opContext);
      if (network.notice !== undefined) report(network.notice, opContext);
      if (sandboxes.limits) await readyLimits(sandboxes.limits, worker, opContext);
      const { onReport, last } = reportTo(opContext);
      const io: RunIo = {
        signal: opContext.signal,
        onReport,
        onOutput: (stream, data) => show(stream, masks[stream].empty ? data : masks[stream].cover(data)),
      };
      const exit = await whereItFits(op, ports, worker, last, opContext, async () => {
        if (network.openProxy === undefined) return await worker.run(spec, io);
        const { runWithProxy } = await import("./proxied-step.js");
        return await runWithProxy(network.openProxy, (given) => worker.run({ ...spec, ...given(spec.env) }, io), secrets.values, opContext);
      });
      for (const stream of ["stdout", "stderr"] as const) show(stream, masks[stream].end());
      if (!("code" in exit) || exit.code !== 0) {
        const ended = { exit, output: tail.text(), overrun: last().overrun, upper: active.fs };
        const failure = await failureOf(op, vertex, ended, { base, tier: worker.tier, ports, opContext });
        await trust?.clean(active.fs, worker);
        const { limits } = sandboxes;
        const { build } = past.provenance;
        if ((!worker.copiesRoots || exit.kept) && keepFailedStep(op, vertex, { active, base, mounts: mounts.list, limits, build }, layers))
          failure.kept = build === undefined ? {} : { build };
        throw failure;
      }
      await trust?.clean(active.fs, worker);
      await mounts.verify();
      return active.commitSnapshot().id;
    } catch (error) {
      active.discard();
      throw error;
    }
  });
}

/** The end of a step that failed. */
interface FailedEnd {
  readonly exit: Awaited<ReturnType<Worker["run"]>>;
  /** The last lines of its output. */
  readonly output: string;
  readonly overrun: StepReport["overrun"];
  /** Directory with its changes. */
  readonly upper: string;
}

interface FailedPlace {
  readonly base: readonly LayerId[];
  readonly tier: Worker["tier"];
  readonly ports: ExecPorts;
  readonly opContext: OpContext;
}

/** Returns the error of a step that failed, with the likely cause as its hint. */
async function failureOf(
  op: ExecOp,
  vertex: Vertex,
  { exit, output, overrun, upper }: FailedEnd,
  { base, tier, ports, opContext }: FailedPlace,
): Promise<ExecError> {
  const over = overrun && (await import("./overrun.js")).overrunReason(overrun);
  let hint = over?.hint ?? diskHint(upper, output);
  if (hint === undefined && "code" in exit && (exit.code === 126 || exit.code === 127)) {
    const { exitHint } = await import("./exit-hint.js");
    const tree = await ports.layers.view(base, opContext);
    const read = (path: string) => readTreeFile(tree, path, ports, opContext);
    hint = await exitHint({ ...op, platform: vertex.platform, tier }, output, { tree, read, upper });
  }
  return new ExecError(op.args, exit, output, {
    step: stepName(vertex.metadata.step),
    display: op.args.join(" "),
    ...(hint === undefined ? {} : { hint }),
    ...(over ? { reason: over.reason } : {}),
  });
}

/** Runs a step when the memory that it took before is free, where steps shall wait for that. */
async function whereItFits<T>(
  op: ExecOp,
  { sandboxes, layers }: ExecPorts,
  worker: Worker,
  last: () => StepReport,
  { signal }: OpContext,
  run: () => Promise<T>,
): Promise<T> {
  const { gateOf, knownPeak } = await import("./memory-gate.js");
  const peak = knownPeak(op, layers.store.memo);
  const leave = sandboxes.fitMemory ? await gateOf(worker).enter(peak.bytes, signal) : undefined;
  try {
    const result = await run();
    const { usage } = last();
    if (usage) peak.keep(usage.peakMemory);
    return result;
  } finally {
    leave?.();
  }
}

const warned = new WeakSet<Worker>();

/** Reports an unusual isolation of steps in the output of the worker's first one. */
function reportTier(worker: Worker, opContext: OpContext): void {
  if (warned.has(worker)) return;
  warned.add(worker);
  if (worker.tier !== "namespaces") report(`steps run with isolation "${worker.tier}": ${TIER_TEXTS[worker.tier]}`, opContext);
  else if (worker.copiesRoots)
    report(
      "steps run on copies of their layers: no overlay can be mounted where the store is (TSBUILD_ROOT or --root names a volume)",
      opContext,
    );
}

/** Adds a line of ours to the output of a step. */
function report(text: string, { output }: OpContext): void {
  output("stderr", Buffer.from(`tsbuild: ${text}\n`));
}

/** Returns the variables of `extra` whose names `env` does not set. */
function missingFrom(env: readonly string[], extra: readonly string[]): string[] {
  const names = new Set(env.map((variable) => variable.slice(0, variable.indexOf("="))));
  return extra.filter((variable) => !names.has(variable.slice(0, variable.indexOf("="))));
}
