/* The modes of the program; each returns its exit code. */
#ifndef TSBUILD_MODES_MODES_H
#define TSBUILD_MODES_MODES_H

/* `run`: spec on descriptor 3, status lines on 4, output on 1 and 2. */
int mode_run(void);

/* `userns PARENT direct|own|tools UIDMAP GIDMAP COMMAND…`: becomes COMMAND in a new user and mount namespace. Status lines on 2. */
int mode_userns(int count, char **arguments);

/* `remove`: removes the trees named on descriptor 0, each path ended by NUL. Status lines on 2. */
int mode_remove(void);

/* `probe DIRECTORY mapped|virtual`: inside the user namespace, tries what a sandbox needs; one status line each on 1. */
int mode_probe(int count, char **arguments);

#endif
