/*
 * New names of files. A call that gives a file of a lower layer another name copies it up, and the
 * copy is another file. An owner that is noted for the file itself (of links and FIFOs, see
 * ownership/owners.h) would be lost. So this process copies such a file up first, by giving it to
 * its owner again, which notes the owner of the copy.
 */
#include <fcntl.h>

#include "ownership/owners.h"
#include "supervisor/answers.h"
#include "supervisor/paths.h"
#include "supervisor/supervisor.h"

static struct answer move(const struct call *call, int directory, uint64_t path, int flags)
{
	struct owners *owners = call->supervisor->owners;
	struct located located;
	struct owner owner;
	if (locate(call, directory, path, flags, &located) &&
	    is_noted(owners, located.path, located.flags & AT_SYMLINK_NOFOLLOW) &&
	    hold(call, directory, path, flags, &located) && find_owner(owners, located.path, located.flags, &owner))
		give_to(owners, located.path, located.flags, owner); /* the kernel reports a refusal in the end */
	return CONTINUE;
}

struct answer answer_rename(const struct call *call)
{
	return move(call, AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW);
}

struct answer answer_renameat(const struct call *call)
{
	return move(call, (int)call->args[0], call->args[1], AT_SYMLINK_NOFOLLOW);
}

struct answer answer_link(const struct call *call)
{
	return move(call, AT_FDCWD, call->args[0], AT_SYMLINK_NOFOLLOW);
}

struct answer answer_linkat(const struct call *call)
{
	int flags = (int)call->args[4], nofollow = flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW;
	return move(call, (int)call->args[0], call->args[1], (flags & AT_EMPTY_PATH) | nofollow);
}
