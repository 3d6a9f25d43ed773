import { chmodSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { removeTree } from "../../support/remove-tree.js";
import { CLI, type Rig } from "../../support/rigs/rig.js";

// Files of images are in the store with their builder's rights, set-user-ID programs too: no other
// user may enter, whichever command makes the store.

const { serial, host } = busyboxSuite();

/** Commands that can make a store, with their arguments; `$ARCHIVE` is an image. */
const COMMANDS: Readonly<Record<string, (rig: Rig) => readonly string[]>> = {
  build: (rig) => ["build", `--build-arg=REGISTRY=${host()}`, rig.path("context")],
  check: (rig) => ["build", "--check", `--build-arg=REGISTRY=${host()}`, rig.path("context")],
  pull: () => ["pull", `${host()}/busybox`],
  load: (rig) => ["load", "-i", rig.path("image.tar")],
};

const DOCKERFILE = `ARG REGISTRY=localhost
FROM $REGISTRY/busybox
COPY --chmod=4755 Dockerfile /set-user-id
RUN --mount=type=cache,target=/cache,mode=0777 cp /bin/busybox /s && chmod 4755 /s && mkdir -m 777 /open && echo text > /open/f
`;

/** Returns everything below a directory that is open to users other than its owner and root. */
function openToOthers(directory: string): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink() || (stat.mode & 0o077) === 0) return;
    found.push(path);
    if (stat.isDirectory() && (stat.mode & 0o011) !== 0) for (const name of readdirSync(path)) visit(join(path, name));
  };
  for (const name of readdirSync(directory)) visit(join(directory, name));
  return found;
}

for (const umask of ["000", "022", "077"]) {
  serial(`with umask ${umask} no command leaves anything of the store open to others, and each closes an open one`, (t) =>
    withRig(async (rig) => {
      rig.context("context", { Dockerfile: DOCKERFILE });
      const run = (args: readonly string[]) =>
        rig.spawn("sh", ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, CLI, ...args]).ended;
      const succeed = async (args: readonly string[]) => {
        const { code, stderr } = await run(args);
        t.is(code, 0, stderr);
      };
      await succeed(["build", `--build-arg=REGISTRY=${host()}`, "-o", `type=docker,dest=${rig.path("image.tar")}`, rig.path("context")]);
      for (const [name, command] of Object.entries(COMMANDS)) {
        removeTree(rig.store);
        await succeed(command(rig));
        t.deepEqual(openToOthers(rig.store), [], name);
        t.is(lstatSync(rig.store).mode & 0o022, 0, name);
        chmodSync(join(rig.store, "v1"), 0o777);
        t.not(openToOthers(rig.store).length, 0);
        await succeed(command(rig));
        t.deepEqual(openToOthers(rig.store), [], `${name}, over a store that was open`);
      }
      for (const command of [["images"], ["du"], ["builds"], ["doctor"], ["prune", "--force"], ["inspect", "none"]]) {
        chmodSync(join(rig.store, "v1"), 0o755);
        await run(command);
        t.deepEqual(openToOthers(rig.store), [], command.join(" "));
      }
    }),
  );
}
