#include "chroot/handed.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/short-path.h"

/* The time between two checks, in milliseconds. */
#define PAUSE 10

#define NANOSECONDS_OF_MILLISECOND 1000000

/* Returns true for the path of a file of a process, which only the process's own step can open. */
static bool is_of_process(const char *path)
{
	const char *number = strncmp(path, "/proc/", strlen("/proc/")) == 0 ? path + strlen("/proc/") : "";
	return *number >= '1' && *number <= '9';
}

void note_handed(struct handed *handed, const char *path, int fd)
{
	struct handed_file file;
	if (is_of_process(path) || fstat(fd, &file.look) < 0)
		return;
	for (size_t i = 0; i < handed->count; i++)
		if (handed->items[i].look.st_ino == file.look.st_ino && handed->items[i].look.st_dev == file.look.st_dev)
			return;
	file.held = open(proc_path_of(fd).text, O_PATH | O_CLOEXEC);
	if (file.held < 0)
		return;
	handed->items = resize(handed->items, handed->count + 1, sizeof file);
	handed->items[handed->count++] = file;
}

static void restore(const struct handed_file *file)
{
	struct stat now;
	const struct stat *look = &file->look;
	struct short_path path = proc_path_of(file->held);
	const struct timespec times[] = {look->st_atim, look->st_mtim};
	if (fstat(file->held, &now) < 0)
		return;
	if (now.st_uid != look->st_uid || now.st_gid != look->st_gid)
		chown(path.text, look->st_uid, look->st_gid);
	if (now.st_mode != look->st_mode)
		chmod(path.text, look->st_mode & MODE_BITS);
	if (now.st_mtim.tv_sec != look->st_mtim.tv_sec || now.st_mtim.tv_nsec != look->st_mtim.tv_nsec)
		utimensat(AT_FDCWD, path.text, times, 0);
}

void restore_handed(struct handed *handed)
{
	for (size_t i = 0; i < handed->count; i++)
		restore(&handed->items[i]);
	clock_gettime(CLOCK_MONOTONIC, &handed->latest);
}

int time_to_look(const struct handed *handed)
{
	return handed->is_suspected && handed->count ? PAUSE : -1;
}

void look_after(struct handed *handed)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t passed = (int64_t)(now.tv_sec - handed->latest.tv_sec) * 1000 +
	                 (now.tv_nsec - handed->latest.tv_nsec) / NANOSECONDS_OF_MILLISECOND;
	if (handed->is_suspected && passed >= PAUSE)
		restore_handed(handed);
}
