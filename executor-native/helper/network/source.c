#include "network/source.h"

#include <unistd.h>

#include "base/util.h"

void wait_for(int epoll, struct source *source, uint32_t interest)
{
	struct epoll_event event = {.events = interest, .data = {.ptr = source}};
	if (source->interest == interest)
		return;
	int operation = interest == 0 ? EPOLL_CTL_DEL : source->interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	if (epoll_ctl(epoll, operation, source->fd, &event) < 0)
		fail_errno("exec/internal", "Cannot wait for a socket");
	source->interest = interest;
}

void close_source(int epoll, struct source *source)
{
	if (source->fd < 0)
		return;
	wait_for(epoll, source, 0);
	close(source->fd);
	source->fd = -1;
}
