#include "base/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/report.h"

/* Room for one descriptor beside a message. */
union ancillary {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

void send_control(int control, const void *data, size_t size, int descriptor)
{
	union ancillary ancillary;
	struct iovec part = {(void *)data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (descriptor >= 0) {
		memset(&ancillary, 0, sizeof ancillary);
		ancillary.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&ancillary.header), &descriptor, sizeof descriptor);
		message.msg_control = &ancillary;
		message.msg_controllen = sizeof ancillary;
	}
	if (sendmsg(control, &message, 0) < 0)
		fail_errno("exec/supervisor", "Cannot reach the process that keeps the owners of files");
}

size_t receive_control(int control, void *data, size_t room, int *descriptor)
{
	union ancillary ancillary;
	struct iovec part = {data, room};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary};
	ssize_t size;
	while ((size = recvmsg(control, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	const struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	*descriptor = -1;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
	return size > 0 ? (size_t)size : 0;
}
