/* The modes of the program. Each gets its arguments and returns its exit code. */
#ifndef TSBUILD_MODES_MODES_H
#define TSBUILD_MODES_MODES_H

/*
 * Runs one step: `run`. Spec on descriptor 3, status lines on 4, the output of the command on 1 and
 * 2.
 */
int mode_run(int count, char **arguments);

/*
 * Runs one step without namespaces: `chroot`. Descriptors as of `run`.
 */
int mode_chroot(int count, char **arguments);

/* Becomes COMMAND without namespaces: `plain PARENT COMMAND…`. Status lines on 2. */
int mode_plain(int count, char **arguments);

/*
 * Becomes COMMAND in a new user and mount namespace: `userns PARENT direct|own|tools UIDMAP GIDMAP
 * COMMAND…`. Status lines on 2.
 */
int mode_userns(int count, char **arguments);

/*
 * Removes the trees named on descriptor 0: `remove`. Each path is ended by NUL. Status lines on 2.
 */
int mode_remove(int count, char **arguments);

/*
 * Tries the parts of the kernel that a step needs, those of a sandbox inside the user namespace:
 * `probe DIRECTORY mapped|virtual|unprivileged`. One status line each on 1.
 */
int mode_probe(int count, char **arguments);

/*
 * Lets programs of other processors run in this user namespace: `emulate DIRECTORY [INTERPRETER
 * REGISTRATION]…`. One status line for each interpreter on 1.
 */
int mode_emulate(int count, char **arguments);

/*
 * Keeps a network for the steps of a build while PARENT lives: `network PARENT LIMIT LINK ADDRESSES
 * GATEWAYS UNREACHABLE RESOLVER RESOLVERS STACK…`. Its process is in the network. Status lines on
 * 4, messages of the stack on 2.
 */
int mode_network(int count, char **arguments);

/*
 * Forwards ports of this machine into the network of steps that the process HOLDER is in, while
 * PARENT lives: `publish PARENT HOLDER ADDRESSES PORTS…` (see network/published.h). Descriptor 3
 * ends with the caller. Status lines on 4.
 */
int mode_publish(int count, char **arguments);

/*
 * Keeps a network for one step while PARENT lives, whose only way out is a Unix socket: `proxy
 * PARENT DIRECTORY SOCKET PORT`. Connections with PORT of its loopback go to SOCKET in DIRECTORY.
 * Its process is in the network. Status lines on 4.
 */
int mode_proxy(int count, char **arguments);

/*
 * Tries to start each program: `runs FILE…`. Writes one status line for each, whether the kernel
 * runs it, on 1.
 */
int mode_runs(int count, char **arguments);

#endif
