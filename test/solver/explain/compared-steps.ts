import { recordedStep } from "../../../core/recorded-step.js";
import { type Canonical, canonicalJson } from "../../../core/canonical.js";
import type { ExecOp, FileOp } from "../../../llb/ops.js";
import type { KeyComponents } from "../../../solver/engine/op.js";
import type { ComparedStep } from "../../../solver/explain/components.js";
import { comparedRecord } from "../../../solver/explain/explain.js";

export const RUN: ExecOp = {
  kind: "exec",
  args: ["/bin/sh", "-c", "make"],
  env: ["PATH=/bin", "VERSION=1"],
  cwd: "/src",
  user: "",
  network: "default",
  security: "sandbox",
  mounts: [{ type: "bind", dest: "/", readonly: false, input: 0, selector: "/" }],
};

export const COPY: FileOp = {
  kind: "file",
  actions: [
    {
      action: "copy",
      input: 0,
      secondaryInput: 1,
      src: "/src",
      dest: "/app/",
      followSymlinks: false,
      dirCopyContents: true,
      attemptUnpack: false,
      createDestPath: true,
      allowWildcard: true,
      allowEmptyWildcard: true,
    },
  ],
};

export const identity = (op: ExecOp | FileOp, more: { platform?: string; epoch?: number } = {}) =>
  canonicalJson({ op: op as unknown as Canonical, ...more });
export const copy = (more: object): FileOp => ({ kind: "file", actions: [{ ...COPY.actions[0], ...more } as FileOp["actions"][number]] });

export const compared = (name: string, components: KeyComponents): ComparedStep => comparedRecord(recordedStep(name), components);
export const NO_SELECTIONS = { differing: () => undefined };
export const hiddenBy = () => undefined;
export const texts = (changes: readonly { readonly text: string }[]) => changes.map(({ text }) => text).join("; ");
