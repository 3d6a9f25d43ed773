#include "supervised/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/short-path.h"

/* The least that the C library takes. */
#define THREAD_STACK 65536

/* A file that a thread opens. */
struct waiting_open {
	struct call call;
	int held, flags;
	bool close_on_exec;
};

static void *open_in_thread(void *data)
{
	struct waiting_open *waiting = data;
	int fd = open(proc_path_of(waiting->held).text, waiting->flags);
	struct answer answer = fd < 0 ? VALUE(-errno) : hand_over(&waiting->call, fd, waiting->close_on_exec);
	if (answer.kind == ANSWER_VALUE)
		answer_waiting(&waiting->call, answer.value);
	if (fd >= 0)
		close(fd);
	close(waiting->held);
	free(waiting);
	return NULL;
}

int begin_waiting(void *(*run)(void *data), void *data)
{
	pthread_t thread;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int error = pthread_create(&thread, &attributes, run, data);
	pthread_attr_destroy(&attributes);
	return error;
}

struct answer open_waiting(const struct call *call, int held, int flags, bool close_on_exec)
{
	struct waiting_open *waiting = allocate(sizeof *waiting);
	*waiting = (struct waiting_open){*call, fcntl(held, F_DUPFD_CLOEXEC, 0), flags, close_on_exec};
	int error = begin_waiting(open_in_thread, waiting);
	if (!error)
		return (struct answer){ANSWER_SENT, 0};
	close(waiting->held);
	free(waiting);
	return VALUE(-error);
}
