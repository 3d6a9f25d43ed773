#include "sandbox/user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As container runtimes have it. Of a user and a group that are both numbers, all that the kernel has: the last one means "none". */
#define MAX_ID 2147483647
#define MAX_PLAIN_ID (UINT_MAX - 1)

/* Bytes of /etc/passwd and /etc/group that are read at most: the file comes from the image, and a sparse one has any size. */
#define MAX_DATABASE (16 << 20)

/* NULL when there is no such regular file. It comes from the image: it may be a FIFO or a device, which must not be waited for. */
static FILE *open_database(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (status.st_size > MAX_DATABASE)
		fail("exec/user-database", "Cannot look up the user: %s of the image is %lld bytes long, and at most %d are read", path,
		     (long long)status.st_size, MAX_DATABASE);
	return fdopen(fd, "re");
}

/* Cuts a line at its colons; returns how many fields there are, and fills the missing ones with "". */
static size_t split(char *line, char **fields, size_t room)
{
	size_t count = 0;
	line[strcspn(line, "\r\n")] = 0;
	for (size_t i = 0; i < room; i++) {
		fields[i] = line ? line : "";
		if (!line)
			continue;
		count++;
		line = i + 1 < room ? strchr(line, ':') : NULL;
		if (line)
			*line++ = 0;
	}
	return count;
}

static bool lists(const char *members, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = members; *at;) {
		size_t size = strcspn(at, ",");
		if (size == length && strncmp(at, name, length) == 0)
			return true;
		at += size + (at[size] == ',');
	}
	return false;
}

/* The first entry with this name (or this id when `by_id`). False when there is none. */
static bool find_passwd(bool by_id, uint64_t id, const char *wanted, struct user *user, char **name)
{
	FILE *file = open_database("/etc/passwd");
	char *line = NULL, *fields[7];
	size_t room = 0;
	bool found = false;
	while (file && !found && getline(&line, &room, file) >= 0) {
		uint64_t uid, gid;
		if (split(line, fields, 7) < 4 || !parse_number(fields[2], UINT_MAX - 1, &uid) || !parse_number(fields[3], UINT_MAX - 1, &gid))
			continue;
		if (by_id ? uid != id : strcmp(fields[0], wanted) != 0)
			continue;
		found = true;
		user->uid = (uid_t)uid;
		user->gid = (gid_t)gid;
		snprintf(user->home, sizeof user->home, "%s", fields[5]);
		*name = strdup(fields[0]);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static bool find_group(const char *wanted, gid_t *gid)
{
	FILE *file = open_database("/etc/group");
	char *line = NULL, *fields[4];
	size_t room = 0;
	bool found = false;
	while (file && !found && getline(&line, &room, file) >= 0) {
		uint64_t number;
		if (split(line, fields, 4) < 3 || !parse_number(fields[2], UINT_MAX - 1, &number))
			continue;
		if (strcmp(fields[0], wanted) != 0)
			continue;
		found = true;
		*gid = (gid_t)number;
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

static void find_memberships(const char *name, struct user *user)
{
	FILE *file = open_database("/etc/group");
	char *line = NULL, *fields[4];
	size_t room = 0;
	while (file && user->group_count < LENGTH(user->groups) && getline(&line, &room, file) >= 0) {
		uint64_t gid;
		if (split(line, fields, 4) == 4 && parse_number(fields[2], UINT_MAX - 1, &gid) && lists(fields[3], name))
			user->groups[user->group_count++] = (gid_t)gid;
	}
	free(line);
	if (file)
		fclose(file);
}

/* The user's own group is the first of its groups, as container runtimes have it. */
static void add_own_group(struct user *user)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == user->gid)
			return;
	if (user->group_count == LENGTH(user->groups))
		user->group_count--;
	memmove(user->groups + 1, user->groups, user->group_count * sizeof *user->groups);
	user->groups[0] = user->gid;
	user->group_count++;
}

void find_user(const char *text, struct user *user)
{
	char *user_text = strdup(text), *name = NULL;
	if (!user_text)
		fail_errno("exec/sandbox-setup", "Cannot allocate memory");
	char *colon = strchr(user_text, ':'), *group_text = colon ? colon + 1 : NULL;
	if (colon)
		*colon = 0;
	if (group_text && !*group_text)
		group_text = NULL;

	uint64_t number = 0, group_number = 0;
	bool by_gid = group_text && parse_number(group_text, MAX_PLAIN_ID, &group_number);
	bool numeric = !*user_text || parse_number(user_text, by_gid ? MAX_PLAIN_ID : MAX_ID, &number);
	memset(user, 0, sizeof *user);
	if (!find_passwd(numeric, number, user_text, user, &name)) {
		if (!numeric && parse_number(user_text, UINT64_MAX, &number))
			fail("exec/unknown-user", "Cannot run as user \"%s\": ids are at most %u, and %u with the id of a group beside", user_text, MAX_ID, MAX_PLAIN_ID);
		if (!numeric)
			fail("exec/unknown-user", "Cannot run as user \"%s\": there is no such user in /etc/passwd of the image", user_text);
		user->uid = (uid_t)number;
	}
	if (group_text) {
		if (!by_gid && !find_group(group_text, &user->gid))
			fail("exec/unknown-group", "Cannot run as group \"%s\": there is no such group in /etc/group of the image", group_text);
		if (by_gid)
			user->gid = (gid_t)group_number;
	} else if (name) {
		find_memberships(name, user);
	}
	add_own_group(user);
	if (!user->home[0])
		strcpy(user->home, "/");
	free(name);
	free(user_text);
}
