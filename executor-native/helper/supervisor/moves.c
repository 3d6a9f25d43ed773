/*
 * New names of files. Links and FIFOs of lower layers whose owners are noted are other files once
 * they are copied up (see ownership/owners.h). A call that gives such a file another name copies it
 * up. So that is done first, as giving it to its owner again does.
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
