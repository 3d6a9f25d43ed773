#include "ownership/user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The highest id, as container runtimes have it. A user and a group that are both numbers may be
 * higher: any id of the kernel but the last one, which means "none".
 */
#define MAX_ID 2147483647
#define MAX_PLAIN_ID (UINT_MAX - 1)

/*
 * Bytes of /etc/passwd and /etc/group that are read at most: an image's file may be sparse, and of
 * any size.
 */
#define MAX_DATABASE (16 << 20)

/* Fields of a line of /etc/passwd: name:password:uid:gid:comment:home:shell. */
enum { PASSWD_NAME, PASSWD_UID = 2, PASSWD_GID, PASSWD_HOME = 5, PASSWD_FIELDS = 7 };

/* Fields of a line of /etc/group: name:password:gid:members. */
enum { GROUP_NAME, GROUP_GID = 2, GROUP_MEMBERS, GROUP_FIELDS };

/*
 * Opens a file of the image; NULL when there is no such regular file. A FIFO or a device must not
 * be waited for.
 */
static FILE *open_database(const char *path)
{
	struct stat status;
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return NULL;
	if (status.st_size > MAX_DATABASE)
		fail("exec/user-database",
		     "Cannot look up the user: %s of the image is %lld bytes long, and at most %d are read", path,
		     (long long)status.st_size, MAX_DATABASE);
	return fdopen(take_fd(&fd), "re");
}

/* Cuts a line at its colons; returns how many fields there are. Missing ones are "". */
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

/* The user that is looked for: a name, or the text of a number that was read. */
struct wanted {
	const char *name;
	bool by_id;
	uint64_t id;
};

/* Finds the first entry of a user, and the name in it; false when there is none. */
static bool find_passwd(const struct wanted *wanted, struct user *user, char **name)
{
	cleanup_file FILE *file = open_database("/etc/passwd");
	cleanup_free char *line = NULL;
	char *fields[PASSWD_FIELDS];
	size_t room = 0;
	while (file && getline(&line, &room, file) >= 0) {
		uint64_t uid, gid;
		if (split(line, fields, PASSWD_FIELDS) <= PASSWD_GID || !parse_number(fields[PASSWD_UID], MAX_PLAIN_ID, &uid) ||
		    !parse_number(fields[PASSWD_GID], MAX_PLAIN_ID, &gid))
			continue;
		if (wanted->by_id ? uid != wanted->id : strcmp(fields[PASSWD_NAME], wanted->name) != 0)
			continue;
		user->uid = (uid_t)uid;
		user->gid = (gid_t)gid;
		user->home = copy_text(fields[PASSWD_HOME]);
		*name = copy_text(fields[PASSWD_NAME]);
		return true;
	}
	return false;
}

static bool find_group(const char *wanted, gid_t *gid)
{
	cleanup_file FILE *file = open_database("/etc/group");
	cleanup_free char *line = NULL;
	char *fields[GROUP_FIELDS];
	size_t room = 0;
	while (file && getline(&line, &room, file) >= 0) {
		uint64_t number;
		if (split(line, fields, GROUP_FIELDS) <= GROUP_GID || !parse_number(fields[GROUP_GID], MAX_PLAIN_ID, &number))
			continue;
		if (strcmp(fields[GROUP_NAME], wanted) != 0)
			continue;
		*gid = (gid_t)number;
		return true;
	}
	return false;
}

static void find_memberships(const char *name, struct user *user)
{
	cleanup_file FILE *file = open_database("/etc/group");
	cleanup_free char *line = NULL;
	char *fields[GROUP_FIELDS];
	size_t room = 0;
	while (file && user->group_count < LENGTH(user->groups) && getline(&line, &room, file) >= 0) {
		uint64_t gid;
		if (split(line, fields, GROUP_FIELDS) == GROUP_FIELDS && parse_number(fields[GROUP_GID], MAX_PLAIN_ID, &gid) &&
		    lists(fields[GROUP_MEMBERS], name))
			user->groups[user->group_count++] = (gid_t)gid;
	}
}

/* Makes the user's own group the first of its groups, as container runtimes have it. */
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

/* Cuts the group off `user:group`; NULL when there is none. */
static char *cut_group(char *text)
{
	char *colon = strchr(text, ':');
	if (!colon)
		return NULL;
	*colon = 0;
	return colon[1] ? colon + 1 : NULL;
}

static _Noreturn void fail_unknown_user(const char *text)
{
	uint64_t number;
	if (parse_number(text, UINT64_MAX, &number))
		fail("exec/unknown-user", "Cannot run as user \"%s\": ids are at most %u, and %u with the id of a group beside",
		     text, MAX_ID, MAX_PLAIN_ID);
	fail("exec/unknown-user", "Cannot run as user \"%s\": there is no such user in /etc/passwd of the image", text);
}

void find_user(const char *text, struct user *user)
{
	cleanup_free char *user_text = copy_text(text), *name = NULL;
	char *group_text = cut_group(user_text);
	uint64_t gid = 0;
	struct wanted wanted = {.name = user_text};
	bool by_gid = group_text && parse_number(group_text, MAX_PLAIN_ID, &gid);
	wanted.by_id = !*user_text || parse_number(user_text, by_gid ? MAX_PLAIN_ID : MAX_ID, &wanted.id);
	memset(user, 0, sizeof *user);
	if (!find_passwd(&wanted, user, &name)) {
		if (!wanted.by_id)
			fail_unknown_user(user_text);
		user->uid = (uid_t)wanted.id;
	}
	if (by_gid)
		user->gid = (gid_t)gid;
	else if (group_text && !find_group(group_text, &user->gid))
		fail("exec/unknown-group", "Cannot run as group \"%s\": there is no such group in /etc/group of the image",
		     group_text);
	else if (!group_text && name)
		find_memberships(name, user);
	add_own_group(user);
	if (!user->home || !*user->home)
		user->home = "/";
}
