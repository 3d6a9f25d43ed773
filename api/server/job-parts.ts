import type { Deferred } from "../../core/tasks/deferred.js";
import type { FrontendResult } from "../../frontend/frontend.js";
import type { ValueOf } from "../../llb/wire/message.js";
import type { SOLVE_REQUEST } from "../../solver/buildkit/messages/control.js";
import type { BRIDGE_SOLVE_REQUEST, RESULT } from "../../solver/buildkit/messages/gateway.js";
import type { ClientSession } from "../../solver/buildkit/serving/client-session.js";
import type { CompiledBuild } from "../build/build-images.js";
import type { BuildResult } from "../options/options.js";
import type { SolvedFiles } from "../sources/main-context.js";
import type { ClientSide } from "./client-side.js";
import type { ServerParts } from "./parts/server-parts.js";

export type SolveRequest = ValueOf<typeof SOLVE_REQUEST>;
export type BridgeRequest = ValueOf<typeof BRIDGE_SOLVE_REQUEST>;
export type ResultMessage = ValueOf<typeof RESULT>;

/** A build that a client has asked for, as far as its graphs are known. */
export interface RunningBuild {
  readonly compiled: CompiledBuild;
  /** Gets the results that the client has chosen. */
  readonly chosen: Deferred<readonly FrontendResult[]>;
  readonly done: Promise<BuildResult>;
}

/** A result that a client may name, before it is made. */
export interface SolvedRef {
  readonly id: string;
  readonly running: RunningBuild;
  readonly result: FrontendResult;
  files?: Promise<SolvedFiles>;
}

/** Surroundings of the builds of one solve. */
export interface JobParts {
  readonly request: SolveRequest;
  readonly client: ClientSession;
  readonly side: ClientSide;
  readonly signal: AbortSignal;
  readonly server: ServerParts;
}
