import { compileDockerfile } from "../../frontend/dockerfile/compile.js";
import type { FrontendPorts, FrontendResult } from "../../frontend/frontend.js";
import type { Platform } from "../../oci/platform.js";
import type { BuildContexts } from "../sources/build-contexts.js";
import type { DockerfileText } from "../sources/local-context.js";
import type { GraphSources } from "./graph-sources.js";
import type { LoadedDockerfile } from "./load-dockerfile.js";

/** Input of a build, in the form that images are made from: a graph for each platform. */
export interface BuildInput extends GraphSources {
  readonly contexts: BuildContexts;
  readonly resolveImage: FrontendPorts["resolveImage"];
  /** The Dockerfile; undefined for a definition that was made elsewhere. */
  readonly file: DockerfileText | undefined;
  /** True when commands may run. */
  readonly hasCommands: boolean;
  compile(platform: Platform): Promise<FrontendResult>;
}

/** Returns a Dockerfile as the input of a build. */
export function dockerfileInput({ ast, contexts, file, ports, resolver, options }: LoadedDockerfile): BuildInput {
  return {
    contexts,
    resolver,
    resolveImage: ports.resolveImage,
    file,
    hasCommands: ast.instructions.some(({ kind }) => kind === "run"),
    compile: (platform) => compileDockerfile(ast, options(platform), ports),
  };
}
