import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { busyboxSuite } from "../../support/images/busybox-suite.js";
import { Rig } from "../../support/rigs/rig.js";

const { serial, host } = busyboxSuite();

/** Stands before a registry and notes what is asked of it. */
async function watched(target: string) {
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const onward = request(`http://${target}${url}`, { method, headers }, (answer) => {
      seen.push(`${method} ${url} ${answer.statusCode}`);
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close: () => server.close().closeAllConnections() };
}

serial("layers of a base that was pulled from the same registry are mounted, not sent", async (t) => {
  const rig = new Rig();
  const front = await watched(host());
  try {
    const context = rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nCOPY file /\n", file: "content" });
    const build = (name: string, ...outputs: string[]) =>
      rig.cli(["build", "--build-arg", `REGISTRY=${front.host}`, "-t", `${front.host}/${name}`, ...outputs, context]);
    for (const [name, outputs] of [
      ["team/app:1", ["--push"]],
      ["team/other:1", ["-o", "type=image,push=true"]],
    ] as const) {
      front.seen.length = 0;
      const { code, stderr } = await build(name, ...outputs);
      t.is(code, 0, stderr);
      const repository = name.slice(0, name.indexOf(":"));
      const mounts = front.seen.filter((line) => line.startsWith("POST") && line.includes("mount="));
      t.regex(mounts.join("\n"), new RegExp(`POST /v2/${repository}/blobs/uploads/\\?.*from=busybox.* 201`));
      // The config and the layer of COPY are the only things that are sent.
      t.is(front.seen.filter((line) => line.startsWith("PUT") && line.includes("/blobs/")).length, 2, front.seen.join("\n"));
    }
  } finally {
    front.close();
    await rig.dispose();
  }
});
