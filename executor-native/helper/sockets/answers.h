/* The system calls about Unix sockets, each by a function of its own. */
#ifndef TSBUILD_SOCKETS_ANSWERS_H
#define TSBUILD_SOCKETS_ANSWERS_H

#include "supervised/answers.h"

/* Sockets and their options (options.c). */
ANSWER(translate_socket);
ANSWER(translate_socketpair);
ANSWER(translate_setsockopt);
ANSWER(translate_getsockopt);

/* Addresses (addresses.c). */
ANSWER(translate_getsockname);
ANSWER(translate_getpeername);

/* Connections (connections.c). */
ANSWER(translate_bind);
ANSWER(translate_connect);

#endif
