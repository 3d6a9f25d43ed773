/* USER as Docker reads it, against /etc/passwd and /etc/group of the root file system. */
#ifndef TSBUILD_OWNERSHIP_USER_H
#define TSBUILD_OWNERSHIP_USER_H

#include "base/util.h"

struct user {
	uid_t uid;
	gid_t gid;
	size_t group_count; /* of the supplementary groups */
	gid_t groups[1024];
	char *home; /* last, as the supervisor gets everything before it */
};

/*
 * Finds the user of a text: "", `user` or `user:group`, names or numbers; numbers need no entry.
 * Without a group the user's entry names it (0 when there is no entry), and the groups that list
 * the user by name come along. Ends the process when a name has no entry. To be called inside the
 * new root.
 */
void find_user(const char *text, struct user *user);

#endif
