import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Channel } from "../../../solver/buildkit/grpc/channel.js";
import { type Served, serve } from "../../../solver/buildkit/grpc/server.js";
import { temporaryDirectory } from "../images/images.js";

/** Connects a channel to methods of ours. */
export function servedChannel(t: ExecutionContext, methods: Iterable<Served>): Promise<Channel> {
  const known = [...methods];
  return connectedChannel(
    t,
    createServer((socket) => void serve(socket, known)),
  );
}

/** Connects a channel to whatever serves connections on a socket. */
export async function connectedChannel(t: ExecutionContext, server: Server): Promise<Channel> {
  const { path, remove } = temporaryDirectory();
  const socket = join(path, "s");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const channel = new Channel(connect(socket), "test");
  t.teardown(async () => {
    channel.close();
    await new Promise((resolve) => server.close(resolve));
    remove();
  });
  return channel;
}
