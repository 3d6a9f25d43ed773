import { choice } from "../../../llb/wire/fields.js";
import {
  bool,
  bytes,
  int32,
  int64,
  many,
  manyBytes,
  messages,
  one,
  openMessage,
  string,
  strings,
  texts,
} from "../../../llb/wire/message.js";
import { method } from "../grpc/method.js";
import { byteMap, EMPTY, PLATFORM, WORKER } from "./common.js";
import { RPC_STATUS } from "./failure.js";
import { STAT } from "./session.js";

/**
 * The messages of BuildKit's `moby.buildkit.v1.frontend.LLBBridge`, which clients and frontends
 * build with. Definitions are bytes of `pb.Definition`, as elsewhere.
 */

const REF = openMessage("Ref", { id: string(1), def: bytes(2) });

const ATTESTATION = openMessage("Attestation", {
  kind: int32(1),
  metadata: byteMap(2),
  ref: one(3, REF),
  path: string(4),
  inTotoPredicateType: string(5),
});

export const RESULT = openMessage("Result", {
  refDeprecated: choice(string(1)),
  refsDeprecated: choice(one(2, openMessage("RefMapDeprecated", { refs: texts(1) }))),
  ref: choice(one(3, REF)),
  refs: choice(one(4, openMessage("RefMap", { refs: messages(1, REF) }))),
  metadata: byteMap(10),
  attestations: messages(12, openMessage("Attestations", { attestation: many(1, ATTESTATION) })),
});

const CACHE_ENTRY = openMessage("CacheOptionsEntry", { Type: string(1), Attrs: texts(2) });

export const BRIDGE_SOLVE_REQUEST = openMessage("SolveRequest", {
  Definition: bytes(1),
  Frontend: string(2),
  FrontendOpt: texts(3),
  allowResultReturn: bool(5),
  allowResultArrayRef: bool(6),
  Final: bool(10),
  ExporterAttr: bytes(11),
  CacheImports: many(12, CACHE_ENTRY),
  FrontendInputs: byteMap(13),
  Evaluate: bool(14),
  SourcePolicies: manyBytes(15),
});

const CAPABILITY = openMessage("APICap", { ID: string(1), Enabled: bool(2) });

const service = "/moby.buildkit.v1.frontend.LLBBridge";

export const PING = method(
  `${service}/Ping`,
  EMPTY,
  openMessage("PongResponse", { FrontendAPICaps: many(1, CAPABILITY), LLBCaps: many(2, CAPABILITY), Workers: many(3, WORKER) }),
);

export const BRIDGE_SOLVE = method(
  `${service}/Solve`,
  BRIDGE_SOLVE_REQUEST,
  openMessage("SolveResponse", { ref: string(1), result: one(3, RESULT) }),
);

export const RETURN = method(
  `${service}/Return`,
  openMessage("ReturnRequest", { result: one(1, RESULT), error: one(2, RPC_STATUS) }),
  EMPTY,
);

export const RESOLVE_IMAGE_CONFIG = method(
  `${service}/ResolveImageConfig`,
  openMessage("ResolveImageConfigRequest", { Ref: string(1), Platform: one(2, PLATFORM), ResolveMode: string(3), LogName: string(4) }),
  openMessage("ResolveImageConfigResponse", { Digest: string(1), Config: bytes(2), Ref: string(3) }),
);

/** `pb.SourceOp`. */
const SOURCE = openMessage("SourceOp", { identifier: string(1), attrs: texts(2) });

export const RESOLVE_SOURCE_META = method(
  `${service}/ResolveSourceMeta`,
  openMessage("ResolveSourceMetaRequest", {
    Source: one(1, SOURCE),
    Platform: one(2, PLATFORM),
    LogName: string(3),
    ResolveMode: string(4),
  }),
  openMessage("ResolveSourceMetaResponse", {
    Source: one(1, SOURCE),
    Image: one(2, openMessage("ResolveSourceImageResponse", { Digest: string(1), Config: bytes(2) })),
  }),
);

export const READ_FILE = method(
  `${service}/ReadFile`,
  openMessage("ReadFileRequest", {
    Ref: string(1),
    FilePath: string(2),
    Range: one(3, openMessage("FileRange", { Offset: int64(1), Length: int64(2) })),
  }),
  openMessage("ReadFileResponse", { Data: bytes(1) }),
);

export const READ_DIR = method(
  `${service}/ReadDir`,
  openMessage("ReadDirRequest", { Ref: string(1), DirPath: string(2), IncludePattern: string(3) }),
  openMessage("ReadDirResponse", { entries: many(1, STAT) }),
);

export const STAT_FILE = method(
  `${service}/StatFile`,
  openMessage("StatFileRequest", { Ref: string(1), Path: string(2) }),
  openMessage("StatFileResponse", { stat: one(1, STAT) }),
);

export const EVALUATE = method(`${service}/Evaluate`, openMessage("EvaluateRequest", { Ref: string(1) }), EMPTY);

export const INPUTS = method(`${service}/Inputs`, EMPTY, openMessage("InputsResponse", { Definitions: byteMap(1) }));

export const WARN = method(
  `${service}/Warn`,
  openMessage("WarnRequest", {
    digest: string(1),
    level: int64(2),
    short: bytes(3),
    detail: manyBytes(4),
    url: string(5),
    info: bytes(6),
    ranges: manyBytes(7),
  }),
  EMPTY,
);

/** Methods of containers that clients start beside a build. They are answered by their name. */
export const CONTAINER_METHODS = [
  "NewContainer",
  "ReleaseContainer",
  "ExecProcess",
  "ReadFileContainer",
  "ReadDirContainer",
  "StatFileContainer",
].map((name) => method(`${service}/${name}`, openMessage(name, { names: strings(1) }), EMPTY));
