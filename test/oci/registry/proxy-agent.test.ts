import { type AddressInfo, createServer, type Socket } from "node:net";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { createRegistryClient } from "../../../oci/registry/client.js";

test("a CONNECT that a proxy does not answer is closed with its request, although the client stays open", async (t) => {
  const sockets: Socket[] = [];
  let asked: (socket: Socket) => void = () => undefined;
  const proxy = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    socket.on("data", () => asked(socket));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const client = createRegistryClient({ env: { HTTPS_PROXY: address }, credentials: { find: () => Promise.resolve(undefined) } });
  t.teardown(() => client.close());
  const image = "registry.test/app:1";
  const digest = sha256("");
  for (const [what, ask] of Object.entries({
    HEAD: (signal: AbortSignal) => client.resolve(image, { signal }),
    GET: (signal: AbortSignal) => client.manifest(image, digest, { signal }),
  })) {
    const abort = new AbortController();
    const closed = new Promise<void>((resolve) => {
      asked = (socket) => {
        socket.once("close", () => resolve());
        abort.abort();
      };
    });
    await t.throwsAsync(ask(abort.signal), { code: "build/canceled" }, what);
    await closed;
    t.true(
      sockets.every((socket) => socket.destroyed),
      what,
    );
  }
});
