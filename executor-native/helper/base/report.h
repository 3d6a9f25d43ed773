/*
 * Status lines, the only reports of this program to its caller: one JSON object a line.
 */
#ifndef TSBUILD_BASE_REPORT_H
#define TSBUILD_BASE_REPORT_H

/* Exit code of a process that could not do its part; a status line says why. */
#define EXIT_FAILED 125

/* Sends status lines to a descriptor; until then they go to standard error. */
void report_to(int fd);

/*
 * One status line: {"status":<name>,<key>:<text>,<number_key>:<number>}; members without a key are
 * left out.
 */
struct status {
	const char *name;
	const char *key, *text;
	const char *number_key;
	long number;
};

/* Writes one: REPORT(.name = "exit", .number_key = "code", .number = 0). */
#define REPORT(...) report(&(const struct status){__VA_ARGS__})
void report(const struct status *status);

/*
 * Reports the resources that all children which were waited for have used, as the status "usage":
 * microseconds of processor time, KiB of the largest process, blocks of 512 bytes.
 */
void report_usage(void);

/*
 * Writes {"status":"error","code":…,"message":…,"errno":…} and ends the process. `fail_errno` adds
 * the text of errno to the message; `fail` has errno 0.
 */
_Noreturn void fail(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void fail_errno(const char *code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
