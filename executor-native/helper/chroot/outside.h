/*
 * Files of /proc and /sys, which are outside the root of a step. The root has empty directories
 * there. The monitor opens the files that a step may see, and hands them over. It never hands over
 * a directory outside, because every other directory can be reached from there.
 */
#ifndef TSBUILD_CHROOT_OUTSIDE_H
#define TSBUILD_CHROOT_OUTSIDE_H

#include <limits.h>

#include "chroot/answers.h"
#include "chroot/identity.h"

/* A file that is not where the step's path leads to. */
struct outside {
	enum outside_kind {
		IN_ROOT, /* `path` is one of the root */
		OUTER,   /* `path` is one of the machine, in /proc or /sys */
		OPENED,  /* the same, and leads to a file that a process of the step has open */
		LENT_DEVICE, /* `path` is one of the machine, in /dev */
	} kind;
	char path[PATH_MAX];
	char shown[PATH_MAX]; /* the path as the step would see it; for directories */
};

/*
 * Finds the path that a caller means, as one of its root. False: it leads to nothing outside, and
 * the kernel answers. `follow`: a link at its end is followed.
 */
bool find_path(const struct monitor *monitor, const struct call *call, int directory, uint64_t address, bool follow,
               char path[PATH_MAX]);

/* Returns true when a path is a directory or below it. */
bool is_inside(const char *path, const char *directory);

/* Returns true when a path of the root is in /proc or /sys. */
bool is_virtual(const char *path);

/* Returns the device of the machine that the step was given at a path; NULL for none. */
const char *given_device(const struct monitor *monitor, const char *path);

/* Returns true when a path of the root is a device that the monitor lends. */
bool is_device(const struct monitor *monitor, const char *path);

/* Takes empty parts, `.` and `..` out of an absolute path, in place. */
void normalize(char *path);

/* Reads a link of the caller in /proc, for which its own rights may be needed. */
bool read_own_link(const struct call *call, const char *link, char text[PATH_MAX]);

/* Does the same for a path that was read already and begins at the root. */
bool follow_outside(const struct monitor *monitor, bool follow, char path[PATH_MAX]);

/* Returns true when a path, with all links resolved, is one of /proc, /sys or a lent device. */
bool is_outside(const struct monitor *monitor, const char *path);

/* Writes the path that a relative one begins at; false when it is not in the root. */
bool find_start(const struct monitor *monitor, const struct call *call, int directory, char path[PATH_MAX]);

/*
 * Reads a link in the directory of a process, as a path of the step; false when it is not in the
 * root.
 */
bool read_process_link(const struct monitor *monitor, const struct call *call, const char *path, char text[PATH_MAX]);

/* Returned when a path leads to nothing outside. */
#define NOT_OUTSIDE (-4096)

/* Holds (O_PATH) the file outside that a path leads to; NOT_OUTSIDE or another negative errno. */
int hold_shown(const struct monitor *monitor, const struct call *call, const char *path, bool follow);

/*
 * Opens what a path of a caller leads to outside, for its content: a directory is the copy in the
 * root. NOT_OUTSIDE or another negative errno.
 */
int open_shown(const struct monitor *monitor, const struct call *call, int directory, uint64_t path, uint64_t flags);

/* A file of /proc or /sys, or one that such a path leads to, that a call is about. */
struct target {
	struct caller identity;
	struct outside outside;
	int fd; /* O_PATH, or -1 with `error` */
	int error;
};

/*
 * Finds the file of a call; false when the kernel answers. From then on this process has the
 * caller's rights over files, until end_target.
 */
bool find_target(const struct monitor *monitor, const struct call *call, int directory, uint64_t address, bool follow,
                 struct target *target);
void end_target(const struct target *target);

/* Returns true when an open file is one of the machine's /proc or /sys. */
bool is_of_machine(int fd);

/*
 * Reads a caller's path as a path from the step's root; false when it cannot be read, or begins
 * elsewhere.
 */
bool read_step_path(const struct monitor *monitor, const struct call *call, int directory, uint64_t address,
               char path[PATH_MAX]);

/*
 * Finds the file outside that a path of the step stands for; false when the step may see none
 * there.
 */
bool find_outside(const struct monitor *monitor, const struct call *call, const struct caller *identity,
                  const char *path, bool follow, struct outside *outside);

/*
 * Returns true when an opened file of /proc is still one that the step may see. The process whose
 * number is in its path could have ended since the look at it, and the number become another's.
 */
bool is_still_shown(const struct monitor *monitor, const char *path);

/* Opens a path below a directory; the kernel keeps it there as `resolve` says. -1 with errno. */
int open_below(int directory, const char *path, uint64_t resolve, int flags);

/* Opens the file that a path stands for, without rights to its content; -1 with errno. */
int hold_outside(const struct monitor *monitor, const struct outside *outside, bool follow);

/* Cuts the path of the root off a path of the machine; false when it is not inside. */
bool cut_root(const struct monitor *monitor, char path[PATH_MAX]);

/* Returns true when the step may see an entry of the directory whose path is `shown`. */
bool is_shown(const struct monitor *monitor, const char *shown, const char *name);

/* Returns true when the step may write to a file. */
bool is_writable(const struct outside *outside);

/*
 * Makes the directory in the root look like one outside (O_PATH), and opens it; -1 with errno.
 */
int open_mirror(const struct monitor *monitor, const char *shown, int outer);

#endif
