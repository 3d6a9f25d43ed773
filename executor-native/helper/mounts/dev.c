#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "mounts/attach.h"
#include "mounts/mounts.h"

static const struct {
	const char *name;
	bool needed;
} devices[] = {{"null", true}, {"zero", true}, {"full", true}, {"random", true}, {"urandom", true}, {"tty", false}};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},      {"ptmx", "pts/ptmx"},
};

static void mount_device(int dev, const char *name, bool needed)
{
	struct short_path source = short_path("/dev/%s", name);
	cleanup_fd int mount = copy_mount(AT_FDCWD, source.text);
	if (mount < 0 && !needed)
		return;
	cleanup_fd int target = openat(dev, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (mount < 0 || target < 0 || !set_attributes(mount, ATTRIBUTES_OF_DEVICES) || !attach_mount(mount, target))
		fail_errno("exec/sandbox-mount", "Cannot mount the host's %s read-only", source.text);
}

static void make_directory(int dev, const char *name)
{
	if (mkdirat(dev, name, 0755) < 0)
		fail_errno("exec/sandbox-setup", "Cannot make /dev/%s", name);
}

/* Attaches a detached mount at a new directory; closes `mount`. */
static void mount_below(int mount, int dev, const char *name)
{
	cleanup_fd int source = mount;
	make_directory(dev, name);
	cleanup_fd int target = openat(dev, name, O_PATH | O_CLOEXEC);
	if (target < 0 || !attach_mount(source, target))
		fail_errno("exec/sandbox-mount", "Cannot mount /dev/%s", name);
}

/* Mounts new terminals, which belong to the group tty (5) where that is mapped. */
static int mount_terminals(void)
{
	const unsigned attributes = ATTRIBUTE_NOSUID | ATTRIBUTE_NOEXEC;
	int terminals = new_filesystem(
		"devpts", OPTIONS({"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}), attributes);
	if (terminals >= 0)
		return terminals;
	return mount_new("devpts", OPTIONS({"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}), attributes);
}

/* Mounts shared memory; leaves an empty directory where the step mounts something else there. */
static void mount_shm(const struct spec *spec, int dev)
{
	if (!spec->shm_size) {
		make_directory(dev, "shm");
		return;
	}
	struct short_path size = short_path("%llu", (unsigned long long)spec->shm_size);
	mount_below(mount_new("tmpfs", OPTIONS({"mode", "1777"}, {"size", size.text}), ATTRIBUTES_OF_DATA), dev, "shm");
}

void fill_dev(const struct spec *spec, int dev)
{
	for (size_t i = 0; i < LENGTH(devices); i++)
		mount_device(dev, devices[i].name, devices[i].needed);
	for (size_t i = 0; i < LENGTH(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			fail_errno("exec/sandbox-setup", "Cannot make /dev/%s", links[i].name);
	mount_below(mount_terminals(), dev, "pts");
	mount_shm(spec, dev);
	mount_below(mount_new("mqueue", NO_OPTIONS, ATTRIBUTES_OF_DATA), dev, "mqueue");
}
