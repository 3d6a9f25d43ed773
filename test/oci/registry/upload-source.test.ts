import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "ava";
import { Connections } from "../../../net/connections.js";
import { exchange } from "../../../net/transport.js";
import { registryFailures } from "../../../oci/registry/errors.js";

test("an upload that fails ends after its source has closed its file", async (t) => {
  // Takes a part of the body and breaks the connection.
  const server = createServer((request) => void request.once("data", () => request.socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const connections = new Connections({ env: {}, certificateDirectories: [], failures: registryFailures });
  t.teardown(() => {
    connections.close();
    server.close();
  });
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  let closing = (): void => undefined;
  const begunToClose = new Promise<void>((resolve) => (closing = resolve));
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(1 << 20);
    } finally {
      closing();
      await closed;
    }
  }
  const { port } = server.address() as AddressInfo;
  const body = { size: 1 << 40, open: source };
  let ended = false;
  const sent = exchange({ what: "upload", method: "PUT", url: new URL(`http://127.0.0.1:${port}/`), body }, connections);
  const outcome = sent.then(
    () => t.fail(),
    () => (ended = true),
  );
  await begunToClose;
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  const early = ended;
  close();
  await outcome;
  t.false(early);
});
