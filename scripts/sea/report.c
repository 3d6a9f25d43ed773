#include "report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char reasons[8 * PATH_MAX];

void note(const char *place, const char *reason)
{
	size_t used = strlen(reasons);

	snprintf(reasons + used, sizeof reasons - used, "\n  %s: %s", place, reason);
}

void fail(const char *what)
{
	fprintf(stderr, "Cannot start tsbuild: %s%s\n", what, reasons);
	exit(1);
}
