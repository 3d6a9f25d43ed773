import { statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { AnyMessage, ValueOf } from "../../../llb/wire/message.js";
import { Channel } from "../../../solver/buildkit/grpc/channel.js";
import type { Method } from "../../../solver/buildkit/grpc/method.js";
import { SOLVE } from "../../../solver/buildkit/messages/control.js";
import { BRIDGE_SOLVE, type BRIDGE_SOLVE_REQUEST, RETURN, type RESULT } from "../../../solver/buildkit/messages/gateway.js";
import { newId, openSession } from "../../../solver/buildkit/session/session.js";
import { type OfferedFile, syncFiles } from "../../../solver/buildkit/transfer/sync-files.js";

type Result = ValueOf<typeof RESULT>;

/** One solve of a client that builds through the gateway, as buildx does. */
export interface GatewayClient {
  /** Ends with the solve. */
  readonly solved: Promise<unknown>;
  /** Calls a method of the gateway in the solve. */
  call<Q extends AnyMessage, R extends AnyMessage>(method: Method<Q, R>, message: ValueOf<Q>): Promise<ValueOf<R>>;
  /** Asks the Dockerfile frontend. */
  ask(options: Readonly<Record<string, string>>, more?: Partial<ValueOf<typeof BRIDGE_SOLVE_REQUEST>>): Promise<Result>;
  /** Says what the solve gives. */
  finish(result: Result): Promise<void>;
  /** Goes away without a word. */
  vanish(): void;
}

/** Opens a session that offers these files of a directory, and begins a solve. */
export async function gatewayClient(
  t: ExecutionContext,
  { address, context }: { readonly address: string; readonly context: string },
  names: readonly string[],
): Promise<GatewayClient> {
  const channel = new Channel(connect(address.slice("unix://".length)), "test");
  const { signal } = new AbortController();
  const files = names.map((path): OfferedFile => {
    const content = join(context, path);
    return { path, type: "file", mode: 0o644, uid: 0, gid: 0, size: statSync(content).size, mtime: { sec: 1, nsec: 1 }, content };
  });
  const session = await openSession({
    id: newId(),
    road: { name: address, near: true, control: () => Promise.reject(new Error("the test has its own")) },
    channel,
    sharedKey: "",
    methods: [syncFiles({ list: () => files }, { offered: 0, sent: 0, bytes: 0 })],
    signal,
    onFailure: () => undefined,
  });
  const vanish = (): void => {
    session.close();
    channel.close();
  };
  t.teardown(vanish);
  const ref = newId();
  const metadata = { "buildkit-controlapi-buildid": [ref] };
  const solved = channel.unary(SOLVE, { Ref: ref, Session: session.id });
  solved.catch(() => undefined);
  const call: GatewayClient["call"] = (method, message) => channel.unary(method, message, { metadata });
  return {
    solved,
    call,
    vanish,
    ask: async (options, more = {}) =>
      (
        await call(BRIDGE_SOLVE, {
          Frontend: "dockerfile.v0",
          FrontendOpt: new Map(Object.entries(options)),
          allowResultReturn: true,
          ...more,
        })
      ).result ?? {},
    finish: async (result) => void (await call(RETURN, { result })),
  };
}
