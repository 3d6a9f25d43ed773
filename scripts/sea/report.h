/* Messages of a start that fails: what it tried, with the reason beside each. */
#ifndef TSBUILD_SEA_REPORT_H
#define TSBUILD_SEA_REPORT_H

/* Keeps a reason for the message of fail. */
void note(const char *place, const char *reason);

/* Ends the process with a message and everything that was noted. */
_Noreturn void fail(const char *what);

#endif
