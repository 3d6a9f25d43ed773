#include "sandbox/execute.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"

/* Exit codes of a command that did not begin, as Docker has them. */
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

static _Noreturn void not_started(const char *name, int code, const char *why)
{
	char *message = format_text("exec: \"%s\": %s", name, why);
	dprintf(STDERR_FILENO, "%s\n", message);
	REPORT(.name = "not-started", .key = "message", .text = message, .number_key = "code", .number = code);
	_exit(code);
}

/* Says why exec failed. ENOENT of a script that exists is about its interpreter. */
static _Noreturn void cannot_exec(const char *name, int error)
{
	if (error == ENOENT && access(name, F_OK) == 0)
		not_started(name, EXIT_NOT_FOUND,
		            "the interpreter it names (first line, or dynamic loader) is not in the image");
	bool is_missing = error == ENOENT || error == ENOTDIR;
	not_started(name, is_missing ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, strerror(error));
}

static _Noreturn void execute_file(const char *path, const struct spec *spec, char **env)
{
	execve(path, spec->args.items, env);
	cannot_exec(path, errno);
}

/*
 * Cuts the first directory off a list such as PATH, and writes the path of the program in it; false
 * when that is longer than a path can be. No directory stands for the current one.
 */
static bool next_candidate(const char **list, const char *name, char path[PATH_MAX])
{
	struct buffer buffer = buffer_in(path, PATH_MAX);
	size_t length = strcspn(*list, ":");
	append(&buffer, "%.*s/%s", length ? (int)length : 1, length ? *list : ".", name);
	*list += length + ((*list)[length] == ':');
	return !buffer.cut;
}

void execute(const struct spec *spec, char **env)
{
	const char *name = spec->args.items[0], *list = find_variable(spec, "PATH");
	char path[PATH_MAX];
	int error = 0;
	if (strchr(name, '/'))
		execute_file(name, spec, env);
	while (list && *list && *name) {
		struct stat status;
		if (!next_candidate(&list, name, path) || stat(path, &status) < 0 || S_ISDIR(status.st_mode))
			continue;
		if (access(path, X_OK) == 0)
			execute_file(path, spec, env);
		error = errno;
	}
	if (error)
		not_started(name, EXIT_NOT_EXECUTABLE, strerror(error));
	not_started(name, EXIT_NOT_FOUND, "executable file not found in $PATH");
}
