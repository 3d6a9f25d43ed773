/*
 * The process that keeps a step without namespaces: it prepares the root, starts the command,
 * answers the system calls that a namespace would have answered otherwise, and ends what is left.
 */
#ifndef TSBUILD_CHROOT_MONITOR_H
#define TSBUILD_CHROOT_MONITOR_H

#include "ownership/looks.h"
#include "roots/places.h"
#include "sandbox/streams.h"
#include "spec/spec.h"
#include "supervisor/tracee.h"

/* Streams of the step. */
struct step_output {
	struct streams streams;
	int terminal; /* master of its terminal; -1 for none */
};

/* A signal whose value is another one, which the monitor passes on to the command. */
#define SIGNAL_TO_PASS_ON SIGUSR1

/* Way in which a step is kept in its root. */
struct monitor;
struct way_to_keep {
	/* Prepares the answers, before the command's process is there. */
	void (*begin)(struct monitor *monitor, struct looks *looks, struct ends *ends);
	void (*answer_next)(const struct monitor *monitor, int listener);
	/* Enters the root and becomes the command, in the command's process; does not return. */
	void (*enter_and_run)(const struct monitor *monitor, const struct step_output *output, int control);
};

/* Keeps a step by chroot(2), which needs root. */
extern const struct way_to_keep by_chroot;

/*
 * Runs the step, and writes its changes to the upper directory when its command succeeded. Ends
 * the process. `lent` is memory that the parent sees too.
 */
_Noreturn void keep_step(const struct spec *spec, const struct way_to_keep *way, const struct step_output *output,
                         struct lent *lent);

/*
 * Returns to their places the files that a monitor which died had lent. No process of the step may
 * be alive.
 */
void bring_back(const struct spec *spec, struct lent *lent);

#endif
