import { bytes, int32, int64, many, one, openMessage, string, strings, texts, uint32 } from "../../../llb/wire/message.js";
import { method } from "../grpc/method.js";
import { byteMap, BYTES, EMPTY, exact64, TIMESTAMP } from "./common.js";

/** The services that a client offers in its session, with BuildKit's names and numbers. */

/** Metadata of a file, as fsutil sends it. `mode` has Go's bits. */
export const STAT = openMessage("Stat", {
  path: string(1),
  mode: uint32(2),
  uid: uint32(3),
  gid: uint32(4),
  size: int64(5),
  modTime: exact64(6),
  linkname: string(7),
  devmajor: int64(8),
  devminor: int64(9),
  xattrs: byteMap(10),
});

/** Kinds of packets of a transfer of files. */
export const PACKET_TYPE = { STAT: 0, REQ: 1, DATA: 2, FIN: 3, ERR: 4 } as const;

export const PACKET = openMessage("Packet", { type: int32(1), stat: one(2, STAT), ID: uint32(3), data: bytes(4) });

export const DIFF_COPY = method("/moby.filesync.v1.FileSync/DiffCopy", PACKET, PACKET);

/** Files that are sent to a client: the bytes of one, or the packets of a directory. */
const FILE_SEND = "/moby.filesync.v1.FileSend/DiffCopy";
export const SEND_FILE = method(FILE_SEND, BYTES, BYTES);
export const SEND_DIRECTORY = method(FILE_SEND, PACKET, PACKET);

export const GET_SECRET = method(
  "/moby.buildkit.secrets.v1.Secrets/GetSecret",
  openMessage("GetSecretRequest", { ID: string(1) }),
  openMessage("GetSecretResponse", { data: bytes(1) }),
);

export const CHECK_AGENT = method(
  "/moby.sshforward.v1.SSH/CheckAgent",
  openMessage("CheckAgentRequest", { ID: string(1) }),
  openMessage("CheckAgentResponse", {}),
);
export const FORWARD_AGENT = method("/moby.sshforward.v1.SSH/ForwardAgent", BYTES, BYTES);

export const CREDENTIALS = method(
  "/moby.filesync.v1.Auth/Credentials",
  openMessage("CredentialsRequest", { Host: string(1) }),
  openMessage("CredentialsResponse", { Username: string(1), Secret: string(2) }),
);

export const HEALTH = method(
  "/grpc.health.v1.Health/Check",
  openMessage("HealthCheckRequest", { service: string(1) }),
  openMessage("HealthCheckResponse", { status: int32(1) }),
);

const INFO = openMessage("Info", {
  digest: string(1),
  size: int64(2),
  created_at: one(3, TIMESTAMP),
  updated_at: one(4, TIMESTAMP),
  labels: texts(5),
});
const INGEST = openMessage("Status", {
  started_at: one(1, TIMESTAMP),
  updated_at: one(2, TIMESTAMP),
  ref: string(3),
  offset: int64(4),
  total: int64(5),
  expected: string(6),
});

/** Actions of a writer of content. */
export const WRITE_ACTION = { STAT: 0, WRITE: 1, COMMIT: 2 } as const;

const content = "/containerd.services.content.v1.Content";

export const CONTENT_INFO = method(
  `${content}/Info`,
  openMessage("InfoRequest", { digest: string(1) }),
  openMessage("InfoResponse", { info: one(1, INFO) }),
);
export const CONTENT_UPDATE = method(
  `${content}/Update`,
  openMessage("UpdateRequest", { info: one(1, INFO) }),
  openMessage("UpdateResponse", { info: one(1, INFO) }),
);
export const CONTENT_LIST = method(
  `${content}/List`,
  openMessage("ListContentRequest", { filters: strings(1) }),
  openMessage("ListContentResponse", { info: many(1, INFO) }),
);
export const CONTENT_READ = method(
  `${content}/Read`,
  openMessage("ReadContentRequest", { digest: string(1), offset: int64(2), size: int64(3) }),
  openMessage("ReadContentResponse", { offset: int64(1), data: bytes(2) }),
);
export const CONTENT_STATUS = method(
  `${content}/Status`,
  openMessage("StatusRequest", { ref: string(1) }),
  openMessage("StatusResponse", { status: one(1, INGEST) }),
);
export const CONTENT_STATUSES = method(
  `${content}/ListStatuses`,
  openMessage("ListStatusesRequest", { filters: strings(1) }),
  openMessage("ListStatusesResponse", { statuses: many(1, INGEST) }),
);
export const CONTENT_WRITE = method(
  `${content}/Write`,
  openMessage("WriteContentRequest", {
    action: int32(1),
    ref: string(2),
    total: int64(3),
    expected: string(4),
    offset: int64(5),
    data: bytes(6),
    labels: texts(7),
  }),
  openMessage("WriteContentResponse", {
    action: int32(1),
    started_at: one(2, TIMESTAMP),
    updated_at: one(3, TIMESTAMP),
    offset: int64(4),
    total: int64(5),
    digest: string(6),
  }),
);
export const CONTENT_ABORT = method(`${content}/Abort`, openMessage("AbortRequest", { ref: string(1) }), EMPTY);
