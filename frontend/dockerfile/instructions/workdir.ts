import { cleanPath } from "../../../core/text/pattern-matcher.js";
import { edge } from "../../../llb/vertex.js";
import type { NodeOf } from "../ast.js";
import { updated } from "../values/image-config.js";
import { WorkdirRelativePath } from "../lint/rules/workdir-relative-path.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import { ownerOf } from "../values/owner.js";
import type { Report } from "../errors/report.js";
import type { StageState } from "../stage/stage-state.js";
import { bind } from "./bind.js";
import { textArgument } from "./text-argument.js";

/**
 * Checks `WORKDIR path`: a missing directory is made with its parents, owned by the USER. The
 * instruction makes a layer, except for `/`.
 */
export function checkWorkdir(node: NodeOf<"workdir">, report: Report): BoundInstruction | undefined {
  const value = textArgument(node, report);
  if (!value) return undefined;
  return bind(
    node,
    (at) => {
      const path = at.expand(value);
      const { stage } = at;
      // Only the first one is reported: the others are right once it is.
      if (!stage.workdirSet && !path.startsWith("/")) {
        at.build.linter.warn(WorkdirRelativePath, [path], at.isTrigger ? node.range : value.range, node.comments, {
          hint: path === "" ? undefined : `write the whole path, such as WORKDIR /${path}`,
        });
      }
      stage.workdirSet = true;
      setWorkdir(stage, path);
      const layer = stage.cwd !== "/";
      if (layer) {
        const owner = ownerOf(stage.image.config?.User ?? "");
        stage.rootfs = edge({
          op: {
            kind: "file",
            actions: [
              {
                action: "mkdir",
                input: stage.rootfs ? 0 : -1,
                path: stage.cwd,
                mode: 0o755,
                makeParents: true,
                ...(owner ? { owner } : {}),
              },
            ],
          },
          inputs: stage.rootfs ? [stage.rootfs] : [],
          metadata: at.fileMetadata(at.step(node.text)),
        });
      }
      at.commit(`WORKDIR ${stage.image.config?.WorkingDir}`, { layer });
    },
    { isStep: true },
  );
}

/** Makes `path`, which may be relative to it, the working directory of a stage. */
export function setWorkdir(stage: StageState, path: string): void {
  const base = stage.image.config?.WorkingDir || "/";
  stage.cwd = cleanPath(path.startsWith("/") ? path : `/${base}/${path}`);
  // An absolute path stays in the config as it is written.
  stage.image = updated(stage.image, { WorkingDir: path.startsWith("/") ? path : stage.cwd });
}
