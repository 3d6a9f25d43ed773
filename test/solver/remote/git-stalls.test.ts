import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { CanceledError } from "../../../core/errors.js";
import { GIT_LIMITS, GitCommand, type GitLimits } from "../../../solver/remote/git-command.js";
import { missingForGit } from "../../support/servers/git-server.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { notInstalled, requires } from "../../support/requires.js";

const run = requires(notInstalled(missingForGit));

run("a server that takes the question and never answers is given up, over HTTP and over its own protocol", async (t) => {
  const silent = createServer(() => undefined);
  const accepting = createTcpServer(() => undefined);
  for (const one of [silent, accepting]) await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    silent.close();
    silent.closeAllConnections();
    accepting.close();
  });
  const ask = (url: string, limits: GitLimits) => {
    const home = temporaryDirectory();
    t.teardown(() => home.remove());
    const git = new GitCommand({ home: join(home.path, "home"), headers: [], ssh: async () => ({ kind: "none" }), limits });
    return git.run(["ls-remote", url], { signal: new AbortController().signal, limit: limits.list });
  };
  const port = (one: { address(): unknown }) => (one.address() as AddressInfo).port;
  const { stall } = GIT_LIMITS;
  const slow = await ask(`http://127.0.0.1:${port(silent)}/x.git`, { silence: 1, list: 60_000, stall });
  t.not(slow.code, 0);
  t.regex(slow.stderr, /too slow/i);
  const late = await ask(`git://127.0.0.1:${port(accepting)}/x.git`, { silence: 60, list: 200, stall });
  t.deepEqual([late.code, late.stderr], [128, "fatal: the server did not answer within 0.2 s"]);
});

/** Starts a server of git's own protocol. It sends what `answer` writes, and then nothing more. */
async function gitListener(t: ExecutionContext, answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on("error", () => undefined).resume());
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const closed = new Promise<void>((resolve) => server.once("connection", (socket: Socket) => socket.once("close", resolve)));
  return { url: `git://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`, closed };
}

/** Returns git with a home directory of its own. */
function commandOf(t: ExecutionContext, limits: Partial<GitLimits>): GitCommand {
  const home = temporaryDirectory();
  t.teardown(() => home.remove());
  return new GitCommand({
    home: join(home.path, "home"),
    headers: [],
    ssh: async () => ({ kind: "none" }),
    limits: { ...GIT_LIMITS, ...limits },
  });
}

const packet = (text: string) => (text.length + 4).toString(16).padStart(4, "0") + text;

run("a fetch over git's own protocol that comes to a stop is given up, and ends at once when it is aborted", async (t) => {
  // The list of refs comes, what is in them does not.
  const { url, closed } = await gitListener(t, (socket) => socket.write(`${packet(`${"1".repeat(40)} HEAD\0shallow\n`)}0000`));
  const git = commandOf(t, { stall: { silence: 400, window: 60_000 } });
  await git.run(["init", "--quiet", "--bare", "r"], { signal: new AbortController().signal });
  const fetch = ["--git-dir", "r", "fetch", "--quiet", url, "HEAD"];
  const { code, stderr } = await git.run(fetch, { signal: new AbortController().signal, remote: "objects" });
  t.deepEqual([code, stderr], [128, "fatal: the server sent nothing for 0.4 s"]);
  await closed;
  const patient = await gitListener(t, (socket) => socket.once("data", () => abort.abort()));
  const abort = new AbortController();
  const waiting = commandOf(t, {}).run(["ls-remote", patient.url], { signal: abort.signal, remote: "list" });
  await t.throwsAsync(waiting, { instanceOf: CanceledError });
  await patient.closed;
});

run("an answer without an end is cut off", async (t) => {
  const line = packet(`${"1".repeat(40)} refs/heads/${"x".repeat(900)}\n`).repeat(1000);
  const { url } = await gitListener(t, (socket) => {
    const more = (): void => void (socket.writable && socket.write(line, more));
    more();
  });
  const script = "yes refs | head -c 70000000; yes remote >&2 & sleep 1000";
  const git = commandOf(t, {});
  const { stderr } = await git.run(["-c", `alias.flood=!${script}`, "flood"], { signal: new AbortController().signal });
  t.is(stderr, "fatal: the server's answer is longer than 67108864 bytes");
  const listing = await git.run(["ls-remote", url], { signal: new AbortController().signal, remote: "list" });
  t.is(listing.stderr, "fatal: the server's answer has no end");
});
