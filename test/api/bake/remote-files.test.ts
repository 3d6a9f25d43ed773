import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readBake } from "../../../api/bake/read-bake.js";
import { TsbuildError } from "../../../core/errors.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { requires } from "../../support/requires.js";
import { makeRepository, missingForGit, type RepositoryFiles, startGitServer } from "../../support/servers/git-server.js";

const DEFINITION = `
variable "BAKE_CMD_CONTEXT" {}
target "default" {
  contexts = { sub = "./sub", self = ".", img = "docker-image://x", linked = "target:other" }
  args = { CMD = BAKE_CMD_CONTEXT }
}
target "other" { context = "a/../sub/deep" }
target "local" { context = "cwd://here" }
`;

/** Serves a repository, and gives options that read with a store of its own. */
async function served(t: ExecutionContext, files: RepositoryFiles) {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  makeRepository(join(path, "repositories", "project"), files);
  const server = await startGitServer(join(path, "repositories"));
  t.teardown(() => server.close());
  return { address: `${server.origin}/project.git`, options: { root: join(path, "store"), env: {}, directory: path } };
}

requires(missingForGit)("bake: the definition of a repository, whose contexts are there", async (t) => {
  const { address, options } = await served(t, {
    "docker-bake.hcl": DEFINITION,
    "other/own.hcl": 'target "default" { context = "x" }',
    Dockerfile: "FROM scratch",
  });
  const plan = async (more: object) => JSON.parse((await readBake({ ...options, remote: address, ...more })).plan().json);
  const { target } = await plan({ targets: ["default", "local"] });
  t.deepEqual(target.default, {
    context: address,
    contexts: { img: "docker-image://x", linked: "target:other", self: address, sub: `${address}#:sub` },
    dockerfile: "Dockerfile",
    args: { CMD: "cwd://" },
  });
  t.is(target.other.context, `${address}#:sub/deep`);
  t.is(target.local.context, "here");
  const own = await plan({ files: ["other/own.hcl"], remote: `${address}#main:.` });
  t.is(own.target.default.context, `${address}#main:x`);
});

requires(missingForGit)("bake: a repository without a definition, and one that names files of this machine", async (t) => {
  const { address, options } = await served(t, { "other.yaml": "include: [/etc/passwd]\nservices: {}\n" });
  const code = async (more: object) =>
    (await t.throwsAsync(readBake({ ...options, remote: address, ...more }), { instanceOf: TsbuildError }))?.code;
  t.is(await code({}), "bake/remote");
  t.is(await code({ files: ["other.yaml"] }), "compose/reference");
});

requires(missingForGit)("bake: links of a repository lead to no file of this machine", async (t) => {
  const { address, options } = await served(t, { "docker-bake.hcl/x.hcl": "->/etc/passwd" });
  const error = await t.throwsAsync(readBake({ ...options, remote: address }), { instanceOf: TsbuildError });
  t.is(error?.code, "bake/remote", error?.message);
});

test("bake: a definition of a web server", async (t) => {
  const server = createServer((_, response) => response.end('target "default" { tags = ["t"] }'));
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  t.teardown(() => server.close());
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const remote = `http://127.0.0.1:${(server.address() as AddressInfo).port}/docker-bake.hcl`;
  const file = await readBake({ remote, root: join(path, "store"), env: {} });
  t.deepEqual(
    file.plan().targets.map(({ attributes }) => attributes),
    [{ context: ".", dockerfile: "Dockerfile", tags: ["t"] }],
  );
});
