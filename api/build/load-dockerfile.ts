import type { EventSink } from "../../core/events.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import type { DockerfileAst } from "../../frontend/dockerfile/ast.js";
import type { FrontendOptions, FrontendPorts } from "../../frontend/frontend.js";
import { hostPlatform, type Platform } from "../../oci/platform.js";
import { loadAst } from "../sources/ast-cache.js";
import { BuildContexts } from "../sources/build-contexts.js";
import type { BuildSolver } from "./build-solver.js";
import type { GraphSources } from "./graph-sources.js";
import type { JoinedTarget } from "./joined-graph.js";
import { unknownInput } from "./errors.js";
import { imagePort } from "./image-port.js";
import type { DockerfileText } from "../sources/local-context.js";
import { loadMainContext } from "../sources/main-context.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { Session } from "../session/session.js";

/** A Dockerfile, read and parsed, with the ports of its frontend. */
export interface LoadedDockerfile extends GraphSources {
  readonly contexts: BuildContexts;
  readonly file: DockerfileText;
  readonly ast: DockerfileAst;
  readonly ports: FrontendPorts;
  options(platform: Platform): FrontendOptions;
}

/** Reads the Dockerfile of a build, wherever its context is, and parses it. */
export async function loadDockerfile(
  build: ResolvedBuildOptions,
  solver: Pick<BuildSolver, "files" | "sourceTime">,
  session: Pick<Session, "store" | "signal" | "workers" | "network">,
  onEvent: EventSink,
  target?: JoinedTarget,
): Promise<LoadedDockerfile> {
  const { store, signal, workers } = session;
  const main = await loadMainContext(
    {
      context: build.context,
      dockerfile: build.dockerfile,
      client: build.client,
      keepGitDir: parseBoolean(build.buildArgs["BUILDKIT_CONTEXT_KEEP_GIT_DIR"] ?? "") ?? false,
    },
    { store, signal, onEvent, solve: (root) => solver.files(root) },
  );
  const file = main.dockerfile;
  const contexts = new BuildContexts({
    main: main.directory,
    named: build.buildContexts,
    dockerfile: file.path,
    store,
    hashFiles: workers.hashFiles,
    joined: target !== undefined,
    client: build.client,
  });
  target?.addContexts(contexts);
  const { resolver, resolveImage } = imagePort(build, session, onEvent);
  const severalPlatforms = build.platforms.length > 1;
  return {
    file,
    ast: await loadAst(file, store),
    contexts,
    resolver,
    ports: {
      resolveImage,
      namedContext: async (name, { platform }) => {
        const found = contexts.named(name, platform);
        if (found?.kind === "input") {
          const image = build.client?.input(found.name);
          if (!image) throw unknownInput(found.name);
          return { kind: "build", name: found.name, image };
        }
        if (found?.kind !== "target") return found;
        if (!target) throw new Error("internal: a target is the context of a build that stands alone");
        return { kind: "build", name: `target:${found.name}`, image: await target.image(found.name, platform) };
      },
      ...(target && { localIdentity: (name: string) => contexts.identity(name) }),
      sourceTime: (root) => solver.sourceTime(root),
      ignorePatterns: (name) => contexts.ignorePatterns(name),
    },
    options: (platform) => ({
      text: file.text,
      filename: file.name,
      ...(main.graph ? { context: main.graph } : {}),
      ...(build.target === undefined ? {} : { target: build.target }),
      ...(severalPlatforms ? { multiPlatform: true } : {}),
      buildArgs: build.buildArgs,
      labels: build.labels,
      targetPlatform: platform,
      platformExplicit: build.platformExplicit,
      buildPlatform: hostPlatform(),
      noCache: build.noCache,
      freshMounts: build.freshMounts,
      network: build.network,
      extraHosts: build.extraHosts,
      ...(build.shmSize === undefined ? {} : { shmSize: build.shmSize }),
      ...(build.ulimits.length === 0 ? {} : { ulimits: build.ulimits }),
    }),
  };
}
