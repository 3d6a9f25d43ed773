import { throwIfAborted } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import { withResource } from "../../core/tasks/with-resource.js";
import type { BuildOptions } from "../options/options.js";
import { type ResolvedBuildOptions, resolveBuildOptions } from "../options/resolve-options.js";
import { Session } from "../session/session.js";
import { BuildSolver } from "./build-solver.js";
import { type LoadedDockerfile, loadDockerfile } from "./load-dockerfile.js";

/** A session in which an input is looked at, and nothing is built. */
export interface Look {
  readonly build: ResolvedBuildOptions;
  readonly solver: BuildSolver;
  readonly session: Session;
  readonly onEvent: EventSink;
}

/** Runs `body` with a Dockerfile, read and parsed, of which nothing is built. */
export function withDockerfile<T>(
  options: BuildOptions,
  body: (dockerfile: LoadedDockerfile, build: ResolvedBuildOptions, session: Session) => Promise<T>,
): Promise<T> {
  return withLook(options, async ({ build, solver, session, onEvent }) =>
    body(await loadDockerfile(build, solver, session, onEvent), build, session),
  );
}

/** Runs `body` in a session of its own. */
export async function withLook<T>(options: BuildOptions, body: (look: Look) => Promise<T>): Promise<T> {
  const build = resolveBuildOptions(options);
  throwIfAborted(build.signal);
  return await withResource(new Session(build), async (session) => {
    const onEvent: EventSink = (event) => build.onEvent?.(event);
    return await body({ build, solver: lookSolver(build, session, onEvent), session, onEvent });
  });
}

/** Returns the Dockerfile of a build, in a session that is open. */
export function dockerfileIn(build: ResolvedBuildOptions, session: Session, onEvent: EventSink): Promise<LoadedDockerfile> {
  return loadDockerfile(build, lookSolver(build, session, onEvent), session, onEvent);
}

function lookSolver(build: ResolvedBuildOptions, session: Session, onEvent: EventSink): BuildSolver {
  return new BuildSolver({ build, compression: { type: "uncompressed" }, id: undefined, onEvent }, session);
}
