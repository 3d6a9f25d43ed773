// Images that stand in for those of Docker Hub, which the tests expect in their mirror.
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outputOf, run } from "./go-programs.mjs";

const BUSYBOX = "/bin/busybox";

const USERS = ["root:0:/root:/bin/sh", "daemon:1:/usr/sbin:/bin/false", "bin:2:/bin:/bin/false", "sys:3:/dev:/bin/false"];
const MORE_USERS = ["mail:8:/var/spool/mail:/bin/false", "www-data:33:/var/www:/bin/false", "nobody:65534:/home:/bin/false"];
const GROUPS = [
  "root:0:",
  "daemon:1:",
  "bin:2:",
  "sys:3:",
  "adm:4:",
  "tty:5:",
  "disk:6:",
  "mail:8:",
  "wheel:10:root",
  "www-data:33:",
  "users:100:",
  "nobody:65534:",
];

/** Debian's busybox has no `adduser`; the tests want the user and its home. */
const ADDUSER = `#!/bin/sh
for name; do :; done
id=$((1000 + $(grep -c ':/home/' /etc/passwd)))
echo "$name:x:$id:$id::/home/$name:/bin/sh" >>/etc/passwd
echo "$name:x:$id:" >>/etc/group
mkdir -p "/home/$name"
chown "$id:$id" "/home/$name"
`;

/** Makes a root filesystem of busybox. */
function busyboxRoot(root) {
  for (const name of ["bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr/bin", "usr/sbin", "var/spool/mail", "var/www"])
    mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  chmodSync(join(root, "root"), 0o700);
  cpSync(BUSYBOX, join(root, "bin/busybox"), { dereference: true });
  for (const applet of (outputOf(BUSYBOX, ["--list"]) ?? "").split("\n"))
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  writeFileSync(join(root, "bin/adduser"), ADDUSER, { mode: 0o755 });
  const passwd = [...USERS, ...MORE_USERS].map((user) => {
    const [name, id, home, shell] = user.split(":");
    return `${name}:x:${id}:${id}:${name}:${home}:${shell}\n`;
  });
  writeFileSync(join(root, "etc/passwd"), passwd.join(""));
  writeFileSync(join(root, "etc/group"), GROUPS.map((group) => `${group.replace(":", ":x:")}\n`).join(""));
  writeFileSync(
    join(root, "etc/shadow"),
    [...USERS, ...MORE_USERS].map((user) => `${user.split(":")[0]}:*:10933:0:99999:7:::\n`).join(""),
    {
      mode: 0o600,
    },
  );
}

function alpineRoot(root) {
  busyboxRoot(root);
  writeFileSync(join(root, "etc/alpine-release"), "3.18.12\n");
  writeFileSync(join(root, "etc/os-release"), 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.18.12\nPRETTY_NAME="Alpine Linux v3.18"\n');
}

/**
 * Returns the images by their names in the mirror: the files of the root, and the lines of the
 * Dockerfile behind them.
 */
function imagesOf(bin) {
  const path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const busybox = [busyboxRoot, `${path}\nCMD ["sh"]`];
  const frontend = [
    (root) => {
      mkdirSync(join(root, "bin"), { recursive: true });
      cpSync(join(bin, "dockerfile-frontend"), join(root, "bin/dockerfile-frontend"));
    },
    `${path}
LABEL moby.buildkit.frontend.network.none="true"
LABEL moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts"
ENTRYPOINT ["/bin/dockerfile-frontend"]`,
  ];
  return {
    "library/busybox:latest": busybox,
    "library/busybox:stable-musl": busybox,
    "library/busybox_amd64:latest": busybox,
    "library/alpine:latest": [alpineRoot, `${path}\nCMD ["/bin/sh"]`],
    "amd64/debian:bullseye-20230109-slim": busybox,
    "cpuguy83/buildkit-foreign:latest": busybox,
    "moby/buildkit:buildx-stable-1": busybox,
    "tonistiigi/hellofs:latest": busybox,
    "tonistiigi/test:nolayers": [undefined, `${path}\nCMD ["sh"]`],
    "docker/dockerfile-upstream:1.18.0": frontend,
  };
}

/** Builds the images with tsbuild, and pushes them to the registry at `host`. */
export function pushStandIns({ work, bin, host, tsbuild }) {
  if (!existsSync(BUSYBOX)) throw new Error("busybox-static is not installed");
  const directory = join(work, "images");
  rmSync(directory, { recursive: true, force: true });
  for (const [name, [fill, lines]] of Object.entries(imagesOf(bin))) {
    const context = join(directory, name.replaceAll(/[/:]/g, "-"));
    mkdirSync(join(context, "root"), { recursive: true });
    fill?.(join(context, "root"));
    writeFileSync(join(context, "Dockerfile"), `FROM scratch\n${fill ? "COPY root /\n" : ""}${lines}\n`);
    const output = `type=image,name=${host}/${name},push=true,oci-mediatypes=true`;
    run(tsbuild, ["build", "--root", join(work, "image-store"), "--provenance=false", "--output", output, context]);
  }
  writeFileSync(join(work, "mirror/complete"), "");
}
