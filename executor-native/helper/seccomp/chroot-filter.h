/*
 * The filter of a step without namespaces: the allow-list, after questions about paths in /proc and
 * /sys, and about processes that may not be the step's (see chroot/answers.h).
 */
#ifndef TSBUILD_SECCOMP_CHROOT_FILTER_H
#define TSBUILD_SECCOMP_CHROOT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls that the monitor is asked about. */
enum asked_when {
	EVERY_TIME,
	UNLESS_ZERO, /* the low half of the argument */
	WHEN_VALUE,
	WHEN_BITS, /* one of the bits */
};

struct asked {
	uint32_t number;
	enum asked_when when;
	unsigned argument;
	uint32_t value;
};

struct chroot_filter {
	const struct asked *asked;
	size_t count;
	const struct asked *asked_32; /* of 32-bit programs */
	size_t count_32;
	bool network; /* the step may have sockets that lead out */

	/*
	 * Every path is asked about (see supervised/). Calls with one that has no answer are refused,
	 * and so are programs of another processor. The monitor's own calls of execveat have `cookie`
	 * as their sixth argument.
	 */
	bool translates;
	uint64_t cookie;
};

/*
 * Installs the filter, and returns the descriptor by which its questions are answered. Without
 * CAP_SYS_ADMIN the process gains no rights from then on (no_new_privs), as the kernel wants it.
 */
int install_chroot_seccomp(const struct chroot_filter *wanted);

#endif
