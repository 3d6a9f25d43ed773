/* Answers to calls that make and take away names of files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/short-path.h"
#include "chroot/devices.h"
#include "supervised/answers.h"
#include "supervised/creation.h"
#include "supervised/paths.h"
#include "supervised/translated.h"
#include "supervisor/ids.h"

static struct answer result_of(bool worked) { return VALUE(worked ? 0 : -errno); }

/* Gives a new file its owner and mode. */
static struct answer finish(const struct monitor *monitor, const struct call *call, const struct place_in *place, mode_t mode)
{
	cleanup_fd int fd = openat(place->parent, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return result_of(fd >= 0 && give_new(monitor, call, place->parent, fd, mode));
}

static struct answer make_directory(const struct monitor *monitor, const struct call *call, struct step_path path, mode_t mode)
{
	cleanup_place struct place_in place = NO_PLACE;
	int error = hold_place(monitor, call, path, &place);
	if (error)
		return VALUE(error);
	mode = masked_mode(call, mode) & ~(mode_t)(S_ISUID | S_ISGID);
	if (mkdirat(place.parent, place.name, kept_mode(S_IFDIR | mode) & MODE_BITS) < 0)
		return VALUE(-errno);
	return finish(monitor, call, &place, mode);
}

ANSWER(translate_mkdir)
{
	return make_directory(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, (mode_t)call->args[1]);
}

ANSWER(translate_mkdirat)
{
	struct step_path path = {(int)call->args[0], call->args[1], 0};
	return make_directory(monitor, call, path, (mode_t)call->args[2]);
}

static struct answer take_away(const struct monitor *monitor, const struct call *call, struct step_path path, int flags)
{
	cleanup_place struct place_in place = NO_PLACE;
	int error = hold_place(monitor, call, path, &place);
	if (error)
		return VALUE(error == -EEXIST ? -EBUSY : error);
	if (place.slashes && !(flags & AT_REMOVEDIR))
		return VALUE(-ENOTDIR);
	return result_of(unlinkat(place.parent, place.name, flags) == 0);
}

ANSWER(translate_rmdir)
{
	return take_away(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, AT_REMOVEDIR);
}

ANSWER(translate_unlink) { return take_away(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, 0); }

ANSWER(translate_unlinkat)
{
	struct step_path path = {(int)call->args[0], call->args[1], 0};
	return take_away(monitor, call, path, (int)call->args[2]);
}

static struct answer make_link(const struct monitor *monitor, const struct call *call, uint64_t target, struct step_path path)
{
	char text[PATH_MAX];
	cleanup_place struct place_in place = NO_PLACE;
	if (!read_text(call, target, text, sizeof text))
		return VALUE(-EFAULT);
	int error = hold_place(monitor, call, path, &place);
	if (error || place.slashes)
		return VALUE(error ? error : -ENOENT);
	if (symlinkat(text, place.parent, place.name) < 0)
		return VALUE(-errno);
	return finish(monitor, call, &place, 0777);
}

ANSWER(translate_symlink)
{
	return make_link(monitor, call, call->args[0], (struct step_path){AT_FDCWD, call->args[1], 0});
}

ANSWER(translate_symlinkat)
{
	return make_link(monitor, call, call->args[0], (struct step_path){(int)call->args[1], call->args[2], 0});
}

static struct answer make_device_node(const struct monitor *monitor, const struct call *call, struct step_path path,
                                      mode_t mode, uint64_t number)
{
	cleanup_place struct place_in place = NO_PLACE;
	struct stat above;
	const struct ids *ids = ids_of(call);
	if (!makes_device(mode, number) || ids->user[EFFECTIVE] != 0)
		return VALUE(-EPERM);
	int error = hold_place(monitor, call, path, &place);
	if (error || place.slashes)
		return VALUE(error ? error : -ENOENT);
	if (!may_have_devices(monitor, place.parent) || fstat(place.parent, &above) < 0)
		return VALUE(-EPERM);
	see(monitor->translated->looks, place.parent, &above);
	const struct device device = {
		.mode = (mode & S_IFMT) | masked_mode(call, mode),
		.number = (dev_t)(uint32_t)number,
		.owner = {ids->user[FILES], above.st_mode & S_ISGID ? above.st_gid : ids->group[FILES]},
	};
	return VALUE(make_device_in(monitor, place.parent, place.name, &device));
}

static struct answer make_node(const struct monitor *monitor, const struct call *call, struct step_path path, mode_t mode,
                               uint64_t number)
{
	cleanup_place struct place_in place = NO_PLACE;
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return make_device_node(monitor, call, path, mode, number);
	if (S_ISDIR(mode))
		return VALUE(-EINVAL);
	int error = hold_place(monitor, call, path, &place);
	if (error || place.slashes)
		return VALUE(error ? error : -ENOENT);
	mode_t kind = mode & S_IFMT ? mode & S_IFMT : S_IFREG, shown = masked_mode(call, mode);
	if (mknodat(place.parent, place.name, kind | (kept_mode(kind | shown) & MODE_BITS), 0) < 0)
		return VALUE(-errno);
	return finish(monitor, call, &place, kind == S_IFREG ? shown : kept_mode(kind | shown) & MODE_BITS);
}

ANSWER(translate_mknod)
{
	return make_node(monitor, call, (struct step_path){AT_FDCWD, call->args[0], 0}, (mode_t)call->args[1],
	                 call->args[2]);
}

ANSWER(translate_mknodat)
{
	return make_node(monitor, call, (struct step_path){(int)call->args[0], call->args[1], 0}, (mode_t)call->args[2],
	                 call->args[3]);
}

static struct answer move(const struct monitor *monitor, const struct call *call, struct step_path from, struct step_path to,
                          unsigned flags)
{
	cleanup_place struct place_in old = NO_PLACE, new = NO_PLACE;
	struct stat status;
	int error = hold_place(monitor, call, from, &old);
	if (!error)
		error = hold_place(monitor, call, to, &new);
	if (error)
		return VALUE(error == -EEXIST ? -EBUSY : error);
	if ((old.slashes || new.slashes) && fstatat(old.parent, old.name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(status.st_mode))
		return VALUE(-ENOTDIR);
	return result_of(renameat2(old.parent, old.name, new.parent, new.name, flags) == 0);
}

ANSWER(translate_rename)
{
	struct step_path from = {AT_FDCWD, call->args[0], 0}, to = {AT_FDCWD, call->args[1], 0};
	return move(monitor, call, from, to, 0);
}

/* Answers with flags, without any for the older call. */
static struct answer move_at(const struct monitor *monitor, const struct call *call, unsigned flags)
{
	struct step_path from = {(int)call->args[0], call->args[1], 0}, to = {(int)call->args[2], call->args[3], 0};
	/* A whiteout would be a device. */
	return flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) ? VALUE(-EINVAL) : move(monitor, call, from, to, flags);
}

ANSWER(translate_renameat) { return move_at(monitor, call, 0); }
ANSWER(translate_renameat2) { return move_at(monitor, call, (unsigned)call->args[4]); }

/* Links a file that a path leads to over links, or that is open. */
static struct answer link_held(const struct monitor *monitor, const struct call *call, struct step_path from,
                               const struct place_in *new)
{
	cleanup_fd int held = hold_path(monitor, call, from);
	if (held < 0)
		return VALUE(held);
	return result_of(linkat(AT_FDCWD, proc_path_of(held).text, new->parent, new->name, AT_SYMLINK_FOLLOW) == 0);
}

static struct answer link_to(const struct monitor *monitor, const struct call *call, struct step_path from, struct step_path to)
{
	cleanup_place struct place_in old = NO_PLACE, new = NO_PLACE;
	int error = hold_place(monitor, call, to, &new);
	if (error || new.slashes)
		return VALUE(error ? error : -ENOENT);
	if (!(from.flags & AT_SYMLINK_NOFOLLOW))
		return link_held(monitor, call, from, &new);
	error = hold_place(monitor, call, from, &old);
	if (error)
		return VALUE(error == -EEXIST ? -EPERM : error);
	return result_of(linkat(old.parent, old.name, new.parent, new.name, 0) == 0);
}

ANSWER(translate_link)
{
	struct step_path from = {AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW}, to = {AT_FDCWD, call->args[1], 0};
	return link_to(monitor, call, from, to);
}

ANSWER(translate_linkat)
{
	int flags = (int)call->args[4];
	bool holds = flags & (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH);
	struct step_path from = {(int)call->args[0], call->args[1], holds ? flags & AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW};
	struct step_path to = {(int)call->args[2], call->args[3], 0};
	return flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) ? VALUE(-EINVAL) : link_to(monitor, call, from, to);
}
