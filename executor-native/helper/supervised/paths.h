/*
 * Paths of a step, which begin at its root and stay below it. The answers hold what a path leads
 * to by a descriptor, and act on that: nothing that a step exchanges meanwhile leads out.
 */
#ifndef TSBUILD_SUPERVISED_PATHS_H
#define TSBUILD_SUPERVISED_PATHS_H

#include <limits.h>

#include "chroot/answers.h"

/* A path in the memory of a caller, and where it begins. */
struct step_path {
	int directory;
	uint64_t address;
	int flags; /* AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW */
};

/*
 * Returns a descriptor (O_PATH) of the file that a path leads to, in the root or among the files of
 * /proc, /sys and /dev that the step sees; or a negative errno.
 */
int hold_path(const struct monitor *monitor, const struct call *call, struct step_path path);

/*
 * Returns the same for a file that the step may change, which lies in the root; -EROFS for devices
 * and other files of the machine.
 */
int hold_own(const struct monitor *monitor, const struct call *call, struct step_path path);

/* Returns the same as hold_path for a path that was read already. */
int hold_text(const struct monitor *monitor, const struct call *call, const char *text);

/* A name in a directory that is held. */
struct place_in {
	int parent; /* O_PATH */
	char name[NAME_MAX + 1];
	bool slashes; /* there were some behind the name */
};
#define cleanup_place __attribute__((cleanup(end_place)))
#define NO_PLACE {.parent = -1}
void end_place(struct place_in *place);

/* Finds where a name is or would be. Returns 0 or a negative errno. */
int hold_place(const struct monitor *monitor, const struct call *call, struct step_path path, struct place_in *place);
int hold_text_place(const struct monitor *monitor, const struct call *call, const char *text, struct place_in *place);

/*
 * Finds the place where a call makes the file of a path. A link to nothing leads to the place of
 * its target.
 */
int hold_missing(const struct monitor *monitor, const struct call *call, struct step_path path, struct place_in *place);

/*
 * Opens a path of the step (O_PATH); a negative errno when there is none. `flags`: O_NOFOLLOW or 0.
 */
int open_in_root(const struct monitor *monitor, const char *path, int flags);

/* Writes where a file is, as a path of the step ("" for the root); false when it is not inside. */
bool path_of(const struct monitor *monitor, int fd, char path[PATH_MAX]);

#endif
