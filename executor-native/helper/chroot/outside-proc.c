/* Files of /proc and /sys: which of them a step may see, and where their links lead. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "chroot/outside.h"
#include "chroot/processes.h"

/* The number of links of processes that are followed. */
#define MAX_TURNS 8

/* Files of /proc that are about the whole machine, and those of a process. */
static const char *const machine_files[] = {
	"buddyinfo", "cgroups", "cmdline", "consoles", "cpuinfo",    "crypto",     "devices", "diskstats",   "dma",
	"execdomains", "fb",    "filesystems", "iomem", "ioports",   "loadavg",    "locks",   "mdstat",      "meminfo",
	"misc",      "modules", "mounts",  "net",      "pagetypeinfo", "partitions", "pressure", "self",     "slabinfo",
	"softirqs",  "stat",    "swaps",   "sys",      "thread-self", "uptime",    "version", "vmallocinfo", "vmstat",
	"zoneinfo",
};
static const char *const process_files[] = {
	"attr",     "autogroup", "auxv",      "cmdline",       "comm",      "coredump_filter", "cwd",      "environ",   "exe",    "fd",        "fdinfo",        "gid_map",   "io",              "limits",
	"loginuid", "maps",      "mountinfo", "mounts", "mountstats",    "net",       "ns",              "numa_maps",
	"oom_adj",  "oom_score", "oom_score_adj", "personality", "projid_map", "root", "sched",          "schedstat",
	"sessionid", "setgroups", "smaps", "smaps_rollup", "stat",       "statm",     "status",          "task",
	"timerslack_ns", "uid_map", "wchan",
};

/* Files of a process that it may write to, if the kernel lets it. */
static const char *const written_files[] = {
	"comm", "coredump_filter", "loginuid", "oom_adj", "oom_score_adj", "timerslack_ns",
};

static bool is_listed(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static bool is_hidden(const struct monitor *monitor, const char *path)
{
	const struct texts *masked = &monitor->spec->masked;
	for (size_t i = 0; i < masked->count; i++)
		if (is_inside(path, masked->items[i]))
			return true;
	return is_inside(path, "/sys/fs/cgroup/") || is_inside(path, "/proc/sysrq-trigger");
}

/* Cuts the first name off a path (`/a/b` becomes `/b`); "" at the end. */
static bool cut_first(char *path, char name[NAME_MAX + 1])
{
	size_t length = *path ? strcspn(path + 1, "/") : 0;
	if (length > NAME_MAX)
		return false;
	memcpy(name, path + 1, length);
	name[length] = 0;
	memmove(path, path + length + (*path != 0), strlen(path + length + (*path != 0)) + 1);
	return true;
}

/* A path of /proc that is being resolved: the rest of the path, and its present form. */
struct turn {
	char rest[PATH_MAX];
	struct buffer path;
};

/* Returns the process of a path such as `/proc/1/exe`. */
static pid_t process_in(const char *path) { return (pid_t)strtol(path + strlen("/proc/"), NULL, 10); }

bool read_process_link(const struct monitor *monitor, const struct call *call, const char *path, char text[PATH_MAX])
{
	const char *name = strrchr(path, '/') + 1;
	bool is_of_process = strncmp(path, "/proc/", strlen("/proc/")) == 0;
	text[0] = 0;
	if (monitor->find_exe && is_of_process && strcmp(name, "exe") == 0)
		return monitor->find_exe(monitor, process_in(path), text);
	if (monitor->find_exe && is_of_process && strcmp(name, "root") == 0)
		return true;
	return read_own_link(call, path, text) && cut_root(monitor, text);
}

/*
 * Continues at the target of a process's link with the rest of the path; false when that is not in
 * the root.
 */
static bool turn_to(const struct monitor *monitor, const struct call *call, struct turn *turn, char path[PATH_MAX])
{
	char target[PATH_MAX];
	if (!read_process_link(monitor, call, turn->path.text, target))
		return false;
	struct buffer whole = buffer_in(path, PATH_MAX);
	append(&whole, "%s%s", target, turn->rest);
	normalize(path);
	return !whole.cut;
}

enum found { NOTHING, FOUND, TURNED };

/* Finds a file in the directory of a process or thread. */
static enum found find_of_process(const struct monitor *monitor, const struct call *call, struct turn *turn, bool follow,
                                  struct outside *outside)
{
	char name[NAME_MAX + 1];
	uint64_t number;
	if (!cut_first(turn->rest, name))
		return NOTHING;
	if (!*name)
		return FOUND;
	if (!is_listed(process_files, LENGTH(process_files), name))
		return NOTHING;
	append(&turn->path, "/%s", name);
	bool is_link = strcmp(name, "cwd") == 0 || strcmp(name, "exe") == 0 || strcmp(name, "root") == 0;
	if (is_link && (follow || *turn->rest))
		return turn_to(monitor, call, turn, outside->path) ? TURNED : NOTHING;
	if (strcmp(name, "task") == 0 && *turn->rest) {
		if (!cut_first(turn->rest, name) || !parse_number(name, INT32_MAX, &number))
			return NOTHING;
		append(&turn->path, "/%s", name);
		return find_of_process(monitor, call, turn, follow, outside);
	}
	if (strcmp(name, "fd") == 0 && *turn->rest) {
		if (!cut_first(turn->rest, name) || !parse_number(name, INT32_MAX, &number))
			return NOTHING;
		append(&turn->path, "/%s", name);
		if (*turn->rest)
			return turn_to(monitor, call, turn, outside->path) ? TURNED : NOTHING;
		outside->kind = follow ? OPENED : OUTER;
		return FOUND;
	}
	append(&turn->path, "%s", turn->rest);
	return FOUND;
}

static enum found find_in_proc(const struct monitor *monitor, const struct call *call, const struct caller *identity,
                               struct turn *turn, bool follow, struct outside *outside)
{
	char name[NAME_MAX + 1];
	uint64_t pid;
	if (!cut_first(turn->rest, name))
		return NOTHING;
	append(&turn->path, "/proc");
	if (!*name)
		return FOUND;
	bool is_last = !*turn->rest;
	if (parse_number(name, INT32_MAX, &pid)) {
		if (!is_below((pid_t)pid, monitor->pid))
			return NOTHING;
		append(&turn->path, "/%s", name);
		return find_of_process(monitor, call, turn, follow, outside);
	}
	if (!is_listed(machine_files, LENGTH(machine_files), name))
		return NOTHING;
	bool is_self = strcmp(name, "self") == 0, is_thread = strcmp(name, "thread-self") == 0;
	bool is_of_self = strcmp(name, "mounts") == 0 || strcmp(name, "net") == 0;
	if ((is_self || is_thread || is_of_self) && !(is_last && !follow)) {
		append(&turn->path, "/%d", identity->process);
		if (is_thread)
			append(&turn->path, "/task/%d", call->pid);
		if (is_of_self)
			append(&turn->path, "/%s", name);
		if (!is_of_self)
			return find_of_process(monitor, call, turn, follow, outside);
	} else {
		append(&turn->path, "/%s", name);
	}
	append(&turn->path, "%s", turn->rest);
	return FOUND;
}

bool find_outside(const struct monitor *monitor, const struct call *call, const struct caller *identity,
                  const char *path, bool follow, struct outside *outside)
{
	struct buffer first = BUFFER_IN(outside->path);
	append(&first, "%s", path);
	for (int turns = 0; turns < MAX_TURNS; turns++) {
		struct turn turn = {.path = BUFFER_IN(outside->shown)};
		outside->kind = is_device(monitor, outside->path) ? LENT_DEVICE : OUTER;
		if (outside->kind == LENT_DEVICE)
			return true;
		if (!is_virtual(outside->path)) {
			outside->kind = IN_ROOT;
			return true;
		}
		if (is_hidden(monitor, outside->path))
			return false;
		bool is_sys = is_inside(outside->path, "/sys");
		strcpy(turn.rest, outside->path + (is_sys ? 0 : strlen("/proc")));
		if (is_sys)
			append(&turn.path, "%s", turn.rest);
		enum found found = is_sys ? FOUND : find_in_proc(monitor, call, identity, &turn, follow, outside);
		if (found == FOUND)
			strcpy(outside->path, outside->shown);
		if (found != TURNED)
			return found == FOUND && !turn.path.cut;
	}
	return false;
}

bool is_still_shown(const struct monitor *monitor, const char *path)
{
	bool is_in_proc = strncmp(path, "/proc/", strlen("/proc/")) == 0;
	pid_t process = is_in_proc ? process_in(path) : 0; /* of no process: 0 */
	return process == 0 || is_below(process, monitor->pid);
}

bool is_shown(const struct monitor *monitor, const char *shown, const char *name)
{
	cleanup_free char *path = format_text("%s/%s", shown, name);
	uint64_t number;
	if (is_hidden(monitor, path))
		return false;
	if (!is_inside(shown, "/proc") || is_inside(shown, "/proc/sys"))
		return true;
	bool is_number = parse_number(name, INT32_MAX, &number);
	const char *slash = strrchr(shown, '/');
	if (strcmp(shown, "/proc") == 0) {
		/* The links "self" and "thread-self" depend on the process that reads them. */
		if (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0)
			return false;
		return is_number ? is_below((pid_t)number, monitor->pid) : is_listed(machine_files, LENGTH(machine_files), name);
	}
	bool is_of_process = parse_number(slash + 1, INT32_MAX, &number);
	return is_number || !is_of_process || is_listed(process_files, LENGTH(process_files), name);
}

bool is_writable(const struct outside *outside)
{
	const char *name = strrchr(outside->path, '/') + 1;
	uint64_t number;
	cleanup_free char *directory = format_text("%.*s", (int)(name - 1 - outside->path), outside->path);
	const char *slash = strrchr(directory, '/');
	if (outside->kind != OUTER)
		return true;
	return slash && is_inside(outside->path, "/proc") && parse_number(slash + 1, INT32_MAX, &number) &&
	       is_listed(written_files, LENGTH(written_files), name);
}
