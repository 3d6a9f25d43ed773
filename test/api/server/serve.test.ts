import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import test from "ava";
import { TsbuildError } from "../../../core/errors.js";
import { serve } from "../../../api/server/serve.js";
import { Channel } from "../../../solver/buildkit/grpc/channel.js";
import { LIST_WORKERS } from "../../../solver/buildkit/messages/control.js";
import { requires, withoutProgram } from "../../support/requires.js";
import { makeCertificates } from "../../support/servers/certificates.js";
import { serverMachine } from "../../support/rigs/server-machine.js";
import { temporaryDirectory } from "../../support/images/images.js";

const FILES = {
  Dockerfile: 'FROM scratch AS a\nCOPY a.txt /a\nFROM scratch\nCOPY --from=a /a /x/a\nCOPY --chmod=640 dir /d\nENV K=V\nCMD ["/x/a"]\n',
  "a.txt": "one",
  "dir/b.txt": "two",
  "dir/hidden": "hidden",
  unasked: "unasked",
  ".dockerignore": "dir/hidden\n",
};

/** Returns every path of a directory with its kind, mode, time and content. */
function listing(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const path = join(directory, name);
      const { mode, mtimeMs } = lstatSync(path);
      const stat = lstatSync(path);
      const content = stat.isFile() ? readFileSync(path, "utf8") : stat.isSymbolicLink() ? readlinkSync(path) : "";
      return `${name} ${mode.toString(8)} ${stat.isDirectory() ? "" : mtimeMs} ${content}`;
    });
}

test("a build on a server of ours gives the files and the config of a build here", async (t) => {
  const { path, context, address, build } = await serverMachine(t, FILES);
  symlinkSync("b.txt", join(context, "dir", "link"));
  const files = (name: string) => ({ outputs: [{ type: "local", dest: join(path, name) }] }) as const;
  await build(files("here"));
  await build({ ...files("there"), builders: [address] });
  t.deepEqual(listing(join(path, "there")), listing(join(path, "here")));
  const dated = { buildArgs: { SOURCE_DATE_EPOCH: "1700000000" }, outputs: [{ type: "image" }] } as const;
  t.is((await build({ ...dated, builders: [address] })).imageId, (await build(dated)).imageId);
});

test("the server finds the steps of an earlier client", async (t) => {
  const { address, build } = await serverMachine(t, FILES);
  await build({ builders: [address], outputs: [{ type: "cacheonly" }] });
  const again = await build({ builders: [address], outputs: [{ type: "cacheonly" }] });
  t.is(again.stats.executed, 0);
});

test("the socket is for this user only, and a socket that nobody serves is replaced", async (t) => {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const socket = join(path, "new", "s.sock");
  const options = { addresses: [`unix://${socket}`], root: join(path, "store") };
  const first = await serve(options);
  t.is(statSync(socket).mode & 0o777, 0o600);
  t.is(statSync(join(path, "new")).mode & 0o777, 0o700);
  const taken = await t.throwsAsync(serve(options), { instanceOf: TsbuildError });
  t.is(taken?.code, "server/socket");
  await first.close();
  const second = await serve(options);
  t.deepEqual(second.addresses, [`unix://${socket}`]);
  await second.close();
});

for (const [address, code] of [
  ["tcp://127.0.0.1:0", "server/address"],
  ["unix://relative.sock", "server/address"],
  ["ssh://host", "server/address"],
  [`unix:///${"x".repeat(200)}`, "server/address"],
] as const) {
  test(`an address that is not served: ${address.slice(0, 40)}`, async (t) => {
    const { path, remove } = temporaryDirectory();
    t.teardown(remove);
    const error = await t.throwsAsync(serve({ addresses: [address], root: join(path, "store") }), { instanceOf: TsbuildError });
    t.is(error?.code, code);
  });
}

requires(withoutProgram("openssl"))("over TLS a client needs a certificate, and need not name its protocol", async (t) => {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const file = makeCertificates(path);
  const tls = { cert: file("server.pem"), key: file("server.key"), ca: file("ca.pem") };
  const { addresses, close } = await serve({ addresses: ["tcp://127.0.0.1:0"], tls, root: join(path, "store") });
  t.teardown(close);
  const port = Number(addresses[0]?.split(":").at(-1));
  const workers = async (options: object): Promise<number> => {
    const socket = connectTls({ host: "127.0.0.1", port, ca: readFileSync(tls.ca), ...options });
    const channel = new Channel(socket, "test");
    t.teardown(() => channel.close());
    return (await channel.unary(LIST_WORKERS, {})).record?.length ?? 0;
  };
  const own = { cert: readFileSync(file("client.pem")), key: readFileSync(file("client.key")) };
  t.is(await workers({ ...own, ALPNProtocols: ["h2"] }), 1);
  t.is(await workers(own), 1);
  await t.throwsAsync(workers({}), { code: "builder/lost" });
});
