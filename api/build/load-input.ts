import type { EventSink } from "../../core/events.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { Session } from "../session/session.js";
import { type BuildInput, dockerfileInput } from "./build-input.js";
import type { BuildSolver } from "./build-solver.js";
import type { JoinedTarget } from "./joined-graph.js";
import { loadDockerfile } from "./load-dockerfile.js";

interface InputParts {
  readonly session: Pick<Session, "store" | "signal" | "workers" | "network">;
  readonly onEvent: EventSink;
  readonly target?: JoinedTarget | undefined;
}

/** Reads what is built: a Dockerfile, or a definition. */
export async function loadInput(
  build: ResolvedBuildOptions,
  solver: Pick<BuildSolver, "files" | "sourceTime">,
  { session, onEvent, target }: InputParts,
): Promise<BuildInput> {
  if (build.llb === undefined) return dockerfileInput(await loadDockerfile(build, solver, session, onEvent, target));
  const { loadDefinition } = await import("./load-definition.js");
  return loadDefinition(build.llb, { build, target }, session, onEvent);
}
