import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { ValueOf } from "../../../llb/wire/message.js";
import { streaming } from "../../../solver/buildkit/grpc/server.js";
import { DIFF_COPY, type PACKET, PACKET_TYPE, type STAT } from "../../../solver/buildkit/messages/session.js";
import { ReceivedDirectory } from "../../../solver/buildkit/transfer/receive-files.js";
import { type OfferedFile, syncFiles } from "../../../solver/buildkit/transfer/sync-files.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { servedChannel } from "../../support/servers/served-channel.js";

type Packet = ValueOf<typeof PACKET>;

const ALL = { name: "context", includePatterns: [], excludePatterns: [], followPaths: [] };
const DIRECTORY = 2 ** 31;
const LINK = 2 ** 27;
const DEVICE = 2 ** 26 + 2 ** 21;

const stat = (path: string, more: Partial<ValueOf<typeof STAT>> = {}): Packet => ({
  type: PACKET_TYPE.STAT,
  stat: { path, mode: 0o644, modTime: 1_700_000_000_000_000_001n, ...more },
});
const END: Packet = { type: PACKET_TYPE.STAT };
const FIN: Packet = { type: PACKET_TYPE.FIN };
const data = (ID: number, text: string): Packet => ({ type: PACKET_TYPE.DATA, ID, data: Buffer.from(text) });

/** Makes the directory that receives, beside a file that nothing may touch. */
function received(t: ExecutionContext) {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const place = join(path, "received");
  mkdirSync(place, { mode: 0o700 });
  writeFileSync(join(path, "outside"), "untouched");
  return { path, place, directory: new ReceivedDirectory(place) };
}

/** Transfers of a client that says what no client may say, and the words of the refusal. */
const HOSTILE: readonly [title: string, packets: readonly Packet[], words: RegExp][] = [
  ["a path above the directory", [stat("../outside"), END], /no path inside the directory/],
  ["a path with .. on its way", [stat("a", { mode: DIRECTORY + 0o755 }), stat("a/../../outside"), END], /no path inside the directory/],
  ["an absolute path", [stat("/etc/passwd"), END], /no path inside the directory/],
  ["an empty path", [stat(""), END], /no path inside the directory/],
  ["a path with a NUL", [stat("a\0b"), END], /no path inside the directory/],
  ["a path of 5,000 letters", [stat("n".repeat(5000)), END], /no path inside the directory/],
  ["a file below a link", [stat("l", { mode: LINK + 0o777, linkname: ".." }), stat("l/outside"), END], /stands before its directory/],
  ["a file below a file", [stat("f", { size: 0 }), stat("f/g"), END], /stands before its directory/],
  ["a file before its directory", [stat("d/f"), stat("d", { mode: DIRECTORY + 0o755 }), END], /stands before its directory/],
  ["a path that comes twice", [stat("f"), stat("f"), END], /stands there twice/],
  ["a hard link to what is not there", [stat("h", { linkname: "../outside" }), END], /which is no file before it/],
  ["a hard link to a directory", [stat("d", { mode: DIRECTORY + 0o755 }), stat("h", { linkname: "d" }), END], /which is no file before it/],
  ["a link without a target", [stat("l", { mode: LINK + 0o777 }), END], /has no target/],
  ["a device", [stat("null", { mode: DEVICE + 0o666, devmajor: 1, devminor: 3 }), END], /is a device/],
  ["a socket", [stat("s", { mode: 2 ** 24 + 0o755 }), END], /a type that no layer holds/],
  ["content that nobody asked for", [stat("f"), END, data(7, "x")], /was not asked for/],
  ["a name after the end of the list", [stat("f"), END, stat("g")], /follows the end of the list/],
  ["an end before the list's", [stat("f"), FIN], /ended the transfer of its files early/],
  ["an end before the content", [stat("f", { size: 1 }), END, FIN], /ended the transfer of its files early/],
  ["an error of the client", [{ type: PACKET_TYPE.ERR, data: Buffer.from("disk on fire") }], /could not send its files: disk on fire/],
  ["a packet of the other side", [{ type: PACKET_TYPE.REQ, ID: 0 }], /a packet of type 1/],
];

for (const [title, packets, words] of HOSTILE) {
  test(`files of a client: ${title} is refused, and nothing is left`, async (t) => {
    const { path, place, directory } = received(t);
    const channel = await servedChannel(t, [streaming(DIFF_COPY, ({ sendAll }) => sendAll(packets))]);
    await t.throwsAsync(directory.receive(channel, ALL, new AbortController().signal), { code: "builder/protocol", message: words });
    t.deepEqual(readdirSync(place), []);
    t.is(readFileSync(join(path, "outside"), "utf8"), "untouched");
  });
}

const SECOND = { sec: 1_700_000_000, nsec: 0 };
const DATED = { sec: 1_700_000_000, nsec: 5 };

/** Returns a client with a directory whose files may be changed between transfers. */
async function client(t: ExecutionContext) {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const files: OfferedFile[] = [];
  const count = { offered: 0, sent: 0, bytes: 0 };
  const put = (name: string, text: string, mtime = DATED, hardlink?: string): void => {
    const content = join(path, `${files.length}`);
    writeFileSync(content, text);
    const at = files.findIndex((file) => file.path === name);
    const file: OfferedFile = {
      path: name,
      type: "file",
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: text.length,
      mtime,
      content,
      ...(hardlink && { hardlink }),
    };
    files.splice(at < 0 ? files.length : at, at < 0 ? 0 : 1, file);
  };
  const channel = await servedChannel(t, [syncFiles({ list: () => files }, count)]);
  return { files, put, channel };
}

test("files of a client: what did not change is not sent again", async (t) => {
  const { place, directory } = received(t);
  const { files, put, channel } = await client(t);
  const receive = () => directory.receive(channel, ALL, new AbortController().signal);
  put("a", "one");
  put("b", "two");
  t.deepEqual(await receive(), { files: 2, bytes: 6 });
  t.deepEqual(await receive(), { files: 0, bytes: 0 });
  put("b", "four", { ...DATED, nsec: 6 });
  t.deepEqual(await receive(), { files: 1, bytes: 4 });
  t.is(readFileSync(join(place, "b"), "utf8"), "four");
  files.shift();
  await receive();
  t.deepEqual(readdirSync(place), ["b"]);
});

test("files of a client: one of the same size and second is sent again, and its links with it", async (t) => {
  const { place, directory } = received(t);
  const { put, channel } = await client(t);
  const receive = () => directory.receive(channel, ALL, new AbortController().signal);
  put("a", "one", SECOND);
  put("b", "one", SECOND, "a");
  await receive();
  put("a", "two", SECOND);
  put("b", "two", SECOND, "a");
  t.deepEqual(await receive(), { files: 1, bytes: 3 });
  t.deepEqual(
    ["a", "b"].map((name) => readFileSync(join(place, name), "utf8")),
    ["two", "two"],
  );
  t.is(lstatSync(join(place, "a")).ino, lstatSync(join(place, "b")).ino);
});
