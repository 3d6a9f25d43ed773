/*
 * Unix sockets of a step. The kernel looks their addresses up in the container, and another thread
 * may exchange descriptors and addresses meanwhile. So each one that a step has is bound already,
 * and connected or listening, and the kernel refuses to bind or connect it again. A new one is a
 * stand-in: half of a pair. When it is bound or connected, the monitor makes the real one and puts
 * it in the place of the stand-in.
 */
#ifndef TSBUILD_SOCKETS_SOCKET_TABLE_H
#define TSBUILD_SOCKETS_SOCKET_TABLE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "supervisor/call.h"

/* An address as the step knows it. One without a name has the length of its family only. */
struct socket_name {
	struct sockaddr_un address;
	socklen_t length;
};

/* An option that a stand-in was given, for the real one. */
struct socket_option {
	int name;
	socklen_t size;
	char value[16];
};
#define MAX_OPTIONS 8

struct socket_entry {
	uint64_t inode; /* 0: the entry is free */
	int other; /* half of the pair that a stand-in is of; -1 for a real one */
	int kind; /* SOCK_STREAM or SOCK_SEQPACKET */
	bool listens;
	size_t option_count;
	struct socket_option options[MAX_OPTIONS];
	struct socket_name own, peer;
	struct ucred owner; /* ids of whom it was made for, as these are seen in the step */
	struct ucred peer_owner;
};

/*
 * The latest sockets; the oldest is forgotten when there is no room. Note that an entry of a real
 * socket holds no descriptor, because the other end would not see then that the step closed it.
 */
#define MAX_SOCKETS 4096
struct socket_table {
	struct socket_entry entries[MAX_SOCKETS];
	size_t next;
};

/* A descriptor of a caller. */
struct found_socket {
	enum { NO_SOCKET, OTHER_SOCKET, UNIX_SOCKET } kind;
	struct socket_entry *entry; /* NULL for accepted ones and halves of pairs */
};

/* Finds what socket a descriptor is of. There is no table before the first socket. */
struct found_socket find_socket(struct socket_table *table, const struct call *call, int number);

/* Returns the entry of an inode; NULL when there is none. */
struct socket_entry *find_socket_entry(struct socket_table *table, uint64_t inode);

/* Adds an entry for a socket of this process; NULL with errno when it is none. */
struct socket_entry *add_socket_entry(struct socket_table *table, int fd);

/* Makes a socket unnamed and bound, so that nobody binds it. False with errno. */
bool take_any_address(int fd);

#endif
