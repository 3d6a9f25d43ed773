/* USER as Docker reads it, against /etc/passwd and /etc/group of the root file system. */
#ifndef TSBUILD_SANDBOX_USER_H
#define TSBUILD_SANDBOX_USER_H

#include "base/util.h"

struct user {
	uid_t uid;
	gid_t gid;
	size_t group_count; /* supplementary */
	gid_t groups[1024];
	char home[4096];
};

/*
 * `""`, `user`, `user:group`, names or numbers; numbers need no entry. Without a group: the user's entry names it (0 when there is no entry), and
 * the groups that list the user by name come along. To be called inside the new root. Ends the process when a name has no entry.
 */
void find_user(const char *text, struct user *user);

#endif
