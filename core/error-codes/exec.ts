import type { ErrorEntry } from "./entry.js";

export const EXEC_ERRORS = {
  "exec/chroot": {
    title: "A root that cannot be changed",
    cause: "The step could not make the image its root directory.",
    wayOut: "See the reason, and `tsbuild doctor`.",
  },
  "exec/device": {
    title: "A device that a step cannot have",
    cause:
      "Its CDI specification wants a hook or another thing that steps do not get, names a file that is not there, or the step has no mounts and no right to make a node.",
    wayOut: "Correct the specification: it can give variables, device nodes, files to read, and groups.",
  },
  "exec/helper-missing": {
    title: "The sandbox program is missing",
    cause: "The program that makes sandboxes is not there, cannot be executed, or is for another machine.",
    wayOut: "The hint says how to get it.",
  },
  "exec/id-map": {
    title: "A map of ids that the kernel refused",
    cause: "The user namespace could not get the ids that /etc/subuid and /etc/subgid give.",
    wayOut: "`tsbuild doctor` says what is wrong with them.",
  },
  "exec/id-map-tool": {
    title: "newuidmap or newgidmap failed",
    cause: "The program that sets the ids of a user namespace is missing or refused.",
    wayOut: "Install it (uidmap, shadow-utils), and see `tsbuild doctor`.",
  },
  "exec/internal": {
    title: "A bug of the sandbox program",
    cause: "The program met a state that it has no answer for.",
    wayOut: "Please report it.",
  },
  "exec/isolation": {
    title: "An isolation that cannot be had",
    cause: "`--isolation` or TSBUILD_ISOLATION asks for a tier that does not exist, or that this machine does not allow.",
    wayOut: "Leave it out: the strongest tier that works is chosen. `tsbuild doctor` says what this machine allows.",
  },
  "exec/limit-refused": {
    title: "A limit that the kernel refused",
    cause: "The value of a limit cannot be set on this machine: a processor that it does not have, for example.",
    wayOut: "Choose a value that this machine can hold.",
  },
  "exec/limits": {
    title: "Limits that cannot be held exactly",
    cause: "`--limits=strict` was given, and this process may make no cgroup with the controllers that the limits need.",
    wayOut: "`tsbuild doctor` says how to have one. Without `strict` a watchdog looks at the step from time to time.",
  },
  "exec/mount-point": {
    title: "A mount point that cannot be made",
    cause: "Mount points are made when they are missing. This one exists, and is of another kind than the mount's source.",
    wayOut: "Choose another target.",
  },
  "exec/mount-source": {
    title: "A source of a mount that is not there",
    cause: "The path that a mount names does not exist in its layers.",
    wayOut: "Correct `source`.",
  },
  "exec/namespaces": {
    title: "Namespaces that cannot be made",
    cause: "The kernel refused the namespaces of the step.",
    wayOut: "`tsbuild doctor` says what this machine lacks.",
  },
  "exec/network": {
    title: "A network of their own that steps cannot have",
    cause:
      "The network of the steps could not be made: pasta and slirp4netns are not installed or did not start, or there are no network namespaces here. A build fails for it only where it was asked for (`--network=private`, TSBUILD_NETWORK).",
    wayOut: "Install pasta (package passt) or slirp4netns; `tsbuild doctor` tries it. `--network=host` shares the host's network.",
  },
  "exec/network-gone": {
    title: "The network of the steps has ended",
    cause: "pasta or slirp4netns, which carries the traffic of a build's steps, ended while steps were running.",
    wayOut: "Build again. The message has what the program said last.",
  },
  "exec/nul-byte": {
    title: "A zero byte in a text",
    cause: "An argument, variable or path of the step has a zero byte, which no program can be given.",
    wayOut: "Remove it.",
  },
  "exec/out-of-memory": {
    title: "A step that was killed for memory",
    cause:
      "The processes of the step took more memory than it, or all steps together, may have. The message has the limit and the largest processes.",
    wayOut:
      "Raise `--memory` or `--build-memory`, or have the step take less: fewer jobs of its compiler (`make -j2`), fewer steps at once (`--jobs`).",
  },
  "exec/outer-proc": {
    title: "A warning: steps see the processes outside",
    cause: "A fresh /proc cannot be mounted here. Steps run as usual, with a read-only /proc that shows the container's processes.",
    wayOut: "See what that changes in [sandbox.md](sandbox.md#the-outer-proc).",
  },
  "exec/overlay": {
    title: "Layers that cannot be stacked",
    cause: "The kernel refused an overlay of the layers.",
    wayOut: "See the reason, and what `tsbuild doctor` says of overlay.",
  },
  "exec/owners": {
    title: "Owners that could not be kept",
    cause: "The list of virtual owners of a step could not be written.",
    wayOut: "See whether the store's disk is full or failing, and build again.",
  },
  "exec/path-too-long": {
    title: "A path that is too long to keep",
    cause:
      "A program can make directories inside each other that no program can name as a whole, and no layer can hold (BuildKit fails as well). The files of the step are removed.",
    wayOut: "Make or leave fewer directories inside each other. Cache mounts may have such directories.",
  },
  "exec/pivot-root": {
    title: "A root that cannot be changed",
    cause: "The kernel refused to make the image the root of the step.",
    wayOut: "See the reason, and `tsbuild doctor`.",
  },
  "exec/plain": {
    title: "A step without namespaces that did not start",
    cause: "A system call for a step without namespaces failed.",
    wayOut: "See the reason, and `tsbuild doctor`.",
  },
  "exec/remove": {
    title: "Files that could not be removed",
    cause: "Files of the store belong to mapped ids, and the program that removes them failed.",
    wayOut: "See the message; the next build tries again.",
  },
  "exec/sandbox-killed": {
    title: "A sandbox that was killed",
    cause: "Something outside ended the sandbox of the step.",
    wayOut: "The machine may be out of memory: see the kernel's log (dmesg).",
  },
  "exec/sandbox-mount": {
    title: "A part of the sandbox that cannot be mounted",
    cause: "The kernel refused a mount such as /dev or /proc.",
    wayOut: "See the reason, and `tsbuild doctor`.",
  },
  "exec/sandbox-setup": {
    title: "A sandbox that could not be made",
    cause: "A system call for the sandbox failed: no memory, or no descriptors, for example.",
    wayOut: "See the reason.",
  },
  "exec/sandbox-start": {
    title: "A sandbox that did not start",
    cause: "The kernel refused a part of it, which the message names.",
    wayOut: "`tsbuild doctor` says what this machine lacks.",
  },
  "exec/seccomp": {
    title: "A filter that was refused",
    cause: "The filter of system calls could not be installed.",
    wayOut: "See `tsbuild doctor`: the kernel needs seccomp filters.",
  },
  "exec/supervisor": {
    title: "A supervisor that did not start",
    cause: "Virtual owners need a supervisor of the step's system calls, which this machine does not allow.",
    wayOut: "With a range in /etc/subuid and /etc/subgid steps run without; see `tsbuild doctor`.",
  },
  "exec/too-many-tasks": {
    title: "A step with too many processes",
    cause: "The step wanted more processes and threads than `--pids-limit` allows.",
    wayOut: "Raise `--pids-limit`, or have the step start fewer at once.",
  },
  "exec/too-much-written": {
    title: "A step that wrote too much",
    cause: "The files that the step added to its root took more of the disk than `--disk` allows.",
    wayOut: "Raise `--disk`, or have the step remove what it does not need.",
  },
  "exec/too-many-layers": {
    title: "Too many layers for one mount",
    cause: "The directories of the layers do not fit into one mount of the kernel.",
    wayOut: "Join instructions, or copy the result into a new stage.",
  },
  "exec/ulimit": {
    title: "A limit that cannot be raised",
    cause: "The hard limit of this session is lower than the ulimit asks for.",
    wayOut: "Raise the limit of the session that runs tsbuild first.",
  },
  "exec/unknown-group": {
    title: "A group that does not exist",
    cause: "The image has no group of the name that USER gives.",
    wayOut: "Create it in an earlier step (RUN groupadd …), or give a numeric id.",
  },
  "exec/unknown-ulimit": {
    title: "A limit that does not exist",
    cause: "The kernel has no limit of that name.",
    wayOut: "Use a name of setrlimit(2), such as nofile.",
  },
  "exec/unknown-user": {
    title: "A user that does not exist",
    cause: "The image has no user of the name that USER gives.",
    wayOut: "Create it in an earlier step (RUN useradd …), or give a numeric id.",
  },
  "exec/unsupported-system": {
    title: "A system that cannot run steps",
    cause: "A feature of the kernel, or a right, is missing.",
    wayOut: "The message names it; `tsbuild doctor` says how to get it.",
  },
  "exec/user-database": {
    title: "A user database that is too large",
    cause: "The image's /etc/passwd or /etc/group is larger than tsbuild reads.",
    wayOut: "Find the step or base that makes it so large.",
  },
  "exec/user-ids": {
    title: "Ids that the user namespace does not have",
    cause: "The step runs as a user or group outside the range of mapped ids.",
    wayOut: "See what `tsbuild doctor` says of id-maps, or build with virtual owners (TSBUILD_OWNERSHIP=virtual).",
  },
  "exec/userns": {
    title: "A user namespace that cannot be made",
    cause: "The kernel or its settings refuse user namespaces.",
    wayOut: "`tsbuild doctor` says which setting it is.",
  },
  "exec/userns-mount": {
    title: "A mount that needs rights",
    cause: "The user namespace may not mount what the step needs.",
    wayOut: "See `tsbuild doctor`.",
  },
  "exec/worker-closed": {
    title: "A worker that was closed",
    cause: "The build has ended, and something asked its worker.",
    wayOut: "Start another build.",
  },
  "exec/worker-gone": {
    title: "A worker that ended",
    cause: "The process that unpacks, mounts and runs steps ended unexpectedly.",
    wayOut: "When it was killed, the machine may be out of memory: see the kernel's log (dmesg).",
  },
  "exec/worker-start": {
    title: "A worker that did not start",
    cause: "The user namespace could not be made.",
    wayOut: "`tsbuild doctor` says what this machine lacks.",
  },
  "exec/working-directory": {
    title: "A working directory that cannot be entered",
    cause: "The directory of WORKDIR is a file, or the user of the step may not enter it.",
    wayOut: "Correct WORKDIR, or its rights.",
  },
  "exec/working-root": {
    title: "A directory for the root that cannot be made",
    cause: "The directory in which the root file system of the step is put together failed.",
    wayOut: "See whether the store's disk is full or failing.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
