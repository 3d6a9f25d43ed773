/* Attempts to get from inside a step at what is outside. Each runs in a process of its own and prints one line: its name, a tab, the outcome. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Returns something negative with errno when it was refused; else what it `say`s, or "done". */
typedef long (*attempt)(void);
void add_attempt(const char *name, attempt function);

#define ATTEMPT(name)                                                                      \
	static long name(void);                                                            \
	__attribute__((constructor)) static void add_##name(void) { add_attempt(#name, name); } \
	static long name(void)

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The things that `outside.c` made on the machine outside. */
struct outside {
	const char *file;     /* absolute path of a file */
	const char *program;  /* the sandbox's own program */
	const char *shm;      /* name of a file in /dev/shm */
	const char *abstract; /* name of a Unix socket that answers */
	const char *ns;       /* its namespaces, as /proc/self/ns shows them */
	int port;             /* of a service on 127.0.0.1 */
	int pid;              /* of a process */
};
extern struct outside outside;

/*
 * Makes a process, a service, a socket and a file in shared memory, lists them on standard output,
 * and keeps them until standard input ends.
 */
int be_outside(void);

/* Refusals are reported by errno alone: opens and closes. */
long try_open(const char *path, int flags);

/* The same with text put together. */
long try_open_text(int flags, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets what overlayfs keeps of its own on a directory, and prints what became of each. */
int mark_for_overlayfs(const char *path);

/* Lists the changes of changes.c, and makes one: 0, or the errno of the call. */
int list_changes(void);
int make_change(const char *name);

/* A call of another architecture's table, made with int 0x80; -1 with errno. Only on x86-64. */
long call_i386(long number, long a, long b, long c, long d, long e);

/* Memory below 4 GiB, which such calls can point to. */
void *low_memory(void);

#endif
