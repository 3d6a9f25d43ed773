#include "mounts/attach.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "base/walk.h"

void attach_inside(int mount, int root, const char *dest, bool file)
{
	cleanup_walk struct walk at = NO_WALK;
	struct stat status;
	if (!walk(&at, root, dest, file ? WALK_MAKE_FILE : WALK_MAKE_DIRECTORY))
		fail_errno("exec/mount-point", "Cannot mount at \"%s\"", dest);
	if (at.depth == 0)
		fail("exec/mount-point", "Cannot mount at \"%s\": it is the root of the file system", dest);
	if (fstat(walk_fd(&at), &status) < 0)
		fail_errno("exec/mount-point", "Cannot mount at \"%s\"", dest);
	if (S_ISDIR(status.st_mode) == file)
		fail("exec/mount-point", "Cannot mount a %s at \"%s\": a %s is there", file ? "file" : "directory", dest,
		     file ? "directory" : "file");
	if (!attach_mount(mount, walk_fd(&at)))
		fail_errno("exec/sandbox-mount", "Cannot mount at \"%s\"", dest);
}

/* Changes the owner of a file. A virtual owner does not decide who may read it. */
static bool give_file(struct owners *owners, int fd, uid_t uid, gid_t gid)
{
	if (is_mapped(owners->mapped, uid, gid))
		return fchown(fd, uid, gid) == 0;
	return give_to(owners, proc_path_of(fd).text, 0, (struct owner){uid, gid});
}

int mount_file(struct stage *stage, const struct file_mount *file)
{
	cleanup_fd int fd = openat(stage->fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_errno("exec/sandbox-setup", "Cannot make a file on a tmpfs");
	write_all(fd, file->data, file->size, "a file on a tmpfs");
	if (!give_file(stage->owners, fd, file->uid, file->gid) || fchmod(fd, file->mode) < 0)
		fail_errno("exec/sandbox-setup", "Cannot give a file to %u:%u with mode %o", file->uid, file->gid, file->mode);
	int mount = copy_mount(stage->fd, file->name);
	if (mount < 0 || !set_attributes(mount, ATTRIBUTES_OF_COVERS))
		fail_errno("exec/sandbox-mount", "Cannot mount a file of a tmpfs");
	return mount;
}

int mount_new(const char *type, const struct fs_option *options, unsigned attributes)
{
	int mount = new_filesystem(type, options, attributes);
	if (mount < 0)
		fail_errno("exec/sandbox-mount", "Cannot mount a new %s in the user namespace", type);
	return mount;
}
