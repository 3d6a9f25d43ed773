#include "supervised/creation.h"

#include "supervisor/ids.h"
#include "supervisor/umask.h"

mode_t masked_mode(const struct call *call, mode_t mode) { return mode & MODE_BITS & ~umask_of(call); }

bool give_new(const struct monitor *monitor, const struct call *call, int parent, int fd, mode_t mode)
{
	struct translated *translated = monitor->translated;
	const struct ids *ids = ids_of(call);
	struct stat status, above;
	if (fstat(fd, &status) < 0 || fstat(parent, &above) < 0)
		return false;
	see(translated->looks, parent, &above);
	bool is_directory = S_ISDIR(status.st_mode), inherits = above.st_mode & S_ISGID;
	status.st_uid = ids->user[FILES];
	status.st_gid = inherits ? above.st_gid : ids->group[FILES];
	if (!S_ISLNK(status.st_mode))
		status.st_mode = (status.st_mode & S_IFMT) | (mode & MODE_BITS) | (is_directory && inherits ? S_ISGID : 0);
	if (status.st_uid == 0 && status.st_gid == 0 && kept_mode(status.st_mode) == status.st_mode &&
	    !(status.st_mode & (S_ISUID | S_ISGID | S_ISVTX)) && !S_ISLNK(status.st_mode)) {
		struct stat now; /* it looks as it is */
		if (fstat(fd, &now) == 0 && now.st_mode == status.st_mode)
			return true;
	}
	return make_look(translated->looks, fd, &status);
}
