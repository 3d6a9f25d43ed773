import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openAgentRelay } from "../../../solver/ssh/agent-relay.js";

const message = (kind: number, body = "") => {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.writeUInt32BE(1 + body.length);
  bytes[4] = kind;
  bytes.write(body, 5, "latin1");
  return bytes;
};
const FAILURE = message(5);

/** Starts an agent that echoes each message, and a relay to it. */
async function relayed(t: ExecutionContext, depth = 0) {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-test-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const asked: number[] = [];
  const open = new Set<Socket>();
  const agent = createServer((socket) => {
    open.add(socket);
    socket.on("data", (data) => {
      asked.push(data[4] as number);
      // In two pieces: the relay has to wait for the whole.
      const answer = message(12, `answer to ${data.subarray(5).toString("latin1")}`);
      socket.write(answer.subarray(0, 3), () => socket.write(answer.subarray(3)));
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => agent.listen(join(directory, "up"), resolve));
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    agent.close();
  });
  const home = join(directory, ...Array.from({ length: depth }, () => "long".repeat(20)), "parent");
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o777);
  const relay = await openAgentRelay(join(directory, "up"), home, 0o640);
  t.teardown(() => relay[Symbol.dispose]());
  return { relay, asked, agent };
}

/**
 * Returns everything that comes back for the sent bytes, until `expected` bytes have come or the
 * connection ends.
 */
function ask(path: string, sent: Buffer, expected: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let got = Buffer.alloc(0);
    const done = () => {
      socket.destroy();
      resolve(got);
    };
    socket.on("data", (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= expected) done();
    });
    socket.on("end", done);
    // A connection that ends with something unread is reset.
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? done() : reject(error)));
    socket.write(sent);
  });
}

test("a step may list keys and sign; everything else is answered with a failure, in order", async (t) => {
  const { relay, asked } = await relayed(t);
  const sent = [
    message(11, "list"),
    message(17, "add"),
    message(13, "sign"),
    message(19),
    message(22, "lock"),
    message(27, "extension"),
    message(11),
  ];
  const expected = [
    message(12, "answer to list"),
    FAILURE,
    message(12, "answer to sign"),
    FAILURE,
    FAILURE,
    FAILURE,
    message(12, "answer to "),
  ];
  const wanted = Buffer.concat(expected);
  t.deepEqual(await ask(relay.path, Buffer.concat(sent), wanted.length), wanted);
  t.deepEqual(asked, [11, 13, 11]);
  t.is(statSync(relay.path).mode & 0o777, 0o640);
});

test("each relay has a new directory that only this user can enter, whatever the socket's mode and the directory above are", async (t) => {
  const { relay } = await relayed(t);
  t.is(statSync(dirname(relay.path)).mode & 0o777, 0o700);
  const other = await openAgentRelay("/nowhere", dirname(dirname(relay.path)), 0o666);
  t.not(dirname(other.path), dirname(relay.path));
  t.is(statSync(dirname(other.path)).mode & 0o777, 0o700);
  other[Symbol.dispose]();
  t.true(statSync(relay.path).isSocket());
});

test("a message that is too long ends the connection", async (t) => {
  const { relay, asked } = await relayed(t);
  const long = message(13, "x");
  long.writeUInt32BE(1 << 30);
  t.is((await ask(relay.path, long, 1)).length, 0);
  t.deepEqual(asked, []);
});

test("an agent that is gone ends the connection", async (t) => {
  const { relay, agent } = await relayed(t);
  await new Promise((resolve) => agent.close(resolve));
  t.is((await ask(relay.path, message(11), 1)).length, 0);
});

test("directories may have paths longer than a socket's address; nothing is left of them", async (t) => {
  const { relay } = await relayed(t, 3);
  t.true(relay.path.length > 200);
  t.true(statSync(relay.path).isSocket());
  relay[Symbol.dispose]();
  t.throws(() => statSync(join(relay.path, "..")), { code: "ENOENT" });
});
