/** The rights of a container, and what it is made of. */
export interface ContainerKind {
  /** Docker's fourteen capabilities, those with CAP_SYS_ADMIN, every one, or none. */
  readonly capabilities: "default" | "sys-admin" | "all" | "none";
  /** Docker's filter of system calls, as it is with these capabilities, or none. */
  readonly seccomp: "default" | "unconfined";
  /** Covers what Docker covers in /proc and /sys, so that the kernel refuses a fresh one. */
  readonly masked: boolean;
  /** A root directory that nobody can write to; /tmp is a tmpfs then. */
  readonly readonlyRoot?: boolean;
  /** Id of the user and of its group; root without. Has no capabilities, whatever is said above. */
  readonly uid?: number;
  readonly gid?: number;
  /** Keeps set-id programs from giving rights. */
  readonly noNewPrivileges?: boolean;
  /** Limit of user namespaces inside, as in `user.max_user_namespaces`. */
  readonly userNamespaces?: 0;
  /**
   * System calls that fail, each with the name of an error. `overlay` is mount(2) of a new file
   * system.
   */
  readonly refused?: Readonly<Record<string, "EPERM" | "ENOSYS" | "ENODEV" | "EINVAL">>;
  /** Environment, over HOME and PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

const DEFAULT: ContainerKind = { capabilities: "default", seccomp: "default", masked: true };
const UNCONFINED: ContainerKind = { ...DEFAULT, seccomp: "unconfined" };
const RANDOM_UID: ContainerKind = { ...DEFAULT, uid: 1_000_650_000, gid: 0, noNewPrivileges: true, env: { HOME: "/" } };
const NEW_MOUNT_CALLS = ["open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "mount_setattr"];

/** The containers that builds run in, by what makes them different. */
export const containers = {
  /** `docker run`, GitLab's docker executor, GitHub's `container:`. */
  default: DEFAULT,
  /** `docker run --user 1000`. */
  user: { ...DEFAULT, uid: 1000, gid: 1000 },
  /** OpenShift, and the restricted pod standard: a user that nobody knows, without a home. */
  randomUser: RANDOM_UID,
  /** The same with a root that is read-only. */
  randomUserReadonly: { ...RANDOM_UID, readonlyRoot: true },
  /** `--security-opt seccomp=unconfined`, a pod without a seccomp profile. */
  unconfined: UNCONFINED,
  unconfinedUser: { ...UNCONFINED, uid: 1000, gid: 1000 },
  unconfinedRandomUser: { ...RANDOM_UID, seccomp: "unconfined" },
  /** `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`. */
  unmasked: { ...UNCONFINED, masked: false },
  /** `--cap-add SYS_ADMIN`. */
  sysAdmin: { ...DEFAULT, capabilities: "sys-admin" },
  /** `--privileged`. */
  privileged: { capabilities: "all", seccomp: "unconfined", masked: false },
  /** Rootless podman's profile lets namespaces be made, and refuses a host name. */
  noHostName: { ...UNCONFINED, refused: { sethostname: "EPERM" } },
  /** `user.max_user_namespaces` is 0. */
  noUserNamespaces: { ...UNCONFINED, masked: false, userNamespaces: 0 },
  /** A kernel without overlayfs. */
  noOverlay: { ...UNCONFINED, masked: false, refused: { overlay: "ENODEV" } },
  /** A profile that refuses mount(2), as AppArmor's for containers does. */
  noMounts: { ...UNCONFINED, masked: false, refused: { mount: "EPERM" } },
  /** A kernel or gVisor without the calls of Linux 5.2 and 5.12. */
  oldMountCalls: {
    ...UNCONFINED,
    masked: false,
    refused: Object.fromEntries(NEW_MOUNT_CALLS.map((name) => [name, "ENOSYS" as const])),
  },
  /** Ubuntu's AppArmor rule: a user namespace without rights in it. */
  namespaceWithoutRights: {
    ...UNCONFINED,
    masked: false,
    uid: 1000,
    gid: 1000,
    refused: { setresuid: "EPERM", setresgid: "EPERM", mount: "EPERM" },
  },
} as const satisfies Readonly<Record<string, ContainerKind>>;
