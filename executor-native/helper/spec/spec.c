#include "spec/spec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MALFORMED "exec/internal"

struct field {
	char *text;
	size_t size;
};

void append_text(struct texts *list, char *text)
{
	/* The array doubles at every power of two. */
	if ((list->count & (list->count - 1)) == 0) {
		list->items = realloc(list->items, sizeof(char *) * (list->count ? list->count * 2 : 1));
		if (!list->items)
			fail_errno("exec/sandbox-setup", "Cannot read the sandbox spec");
	}
	list->items[list->count++] = text;
}

static uint64_t number(struct field field)
{
	uint64_t value;
	if (!parse_number(field.text, UINT64_MAX, &value))
		fail(MALFORMED, "The sandbox spec has \"%s\" where a number is expected", field.text);
	return value;
}

static struct mount_spec *new_mount(struct spec *spec, enum mount_type type, struct field dest, struct field readonly)
{
	spec->mounts = realloc(spec->mounts, sizeof *spec->mounts * (spec->mount_count + 1));
	if (!spec->mounts)
		fail_errno("exec/sandbox-setup", "Cannot read the sandbox spec");
	struct mount_spec *mount = &spec->mounts[spec->mount_count++];
	memset(mount, 0, sizeof *mount);
	mount->type = type;
	mount->dest = dest.text;
	mount->readonly = number(readonly) != 0;
	return mount;
}

static void op_parent(struct spec *spec, struct field *f) { spec->parent = (pid_t)number(f[0]); }
static void op_upper(struct spec *spec, struct field *f) { spec->upper = f[0].text; }
static void op_work(struct spec *spec, struct field *f) { spec->work = f[0].text; }
static void op_lower(struct spec *spec, struct field *f) { append_text(&spec->lowers, f[0].text); }
static void op_arg(struct spec *spec, struct field *f) { append_text(&spec->args, f[0].text); }
static void op_env(struct spec *spec, struct field *f) { append_text(&spec->env, f[0].text); }
static void op_cwd(struct spec *spec, struct field *f) { spec->cwd = f[0].text; }
static void op_user(struct spec *spec, struct field *f) { spec->user = f[0].text; }
static void op_hostname(struct spec *spec, struct field *f) { spec->hostname = f[0].text; }
static void op_hosts(struct spec *spec, struct field *f) { spec->hosts = f[0].text; }
static void op_resolv_conf(struct spec *spec, struct field *f) { spec->resolv_conf = f[0].text; }
static void op_network(struct spec *spec, struct field *f) { spec->network = number(f[0]) != 0; }
static void op_seccomp(struct spec *spec, struct field *f) { spec->seccomp = number(f[0]) != 0; }
static void op_sys_writable(struct spec *spec, struct field *f) { spec->sys_writable = number(f[0]) != 0; }
static void op_capabilities(struct spec *spec, struct field *f) { spec->capabilities = number(f[0]); }
static void op_masked(struct spec *spec, struct field *f) { append_text(&spec->masked, f[0].text); }
static void op_readonly(struct spec *spec, struct field *f) { append_text(&spec->readonly_paths, f[0].text); }
static void op_shm_size(struct spec *spec, struct field *f) { spec->shm_size = number(f[0]); }

static void op_open_files(struct spec *spec, struct field *f) { spec->open_files = number(f[0]); }

static void op_user_namespace(struct spec *spec, struct field *f)
{
	spec->uids = f[0].text;
	spec->gids = f[1].text;
}

static void op_owners(struct spec *spec, struct field *f)
{
	spec->owners = f[0].text;
	spec->supervised = number(f[1]) != 0;
}

static void op_mapped(struct spec *spec, struct field *f)
{
	spec->mapped_users = f[0].text;
	spec->mapped_groups = f[1].text;
}

static void op_bind(struct spec *spec, struct field *f)
{
	new_mount(spec, MOUNT_BIND, f[0], f[1])->source = f[2].text;
}

static void op_overlay(struct spec *spec, struct field *f)
{
	new_mount(spec, MOUNT_OVERLAY, f[0], f[1])->source = f[2].text;
}

static void op_overlay_lower(struct spec *spec, struct field *f)
{
	if (!spec->mount_count || spec->mounts[spec->mount_count - 1].type != MOUNT_OVERLAY)
		fail(MALFORMED, "The sandbox spec has a layer without its mount");
	append_text(&spec->mounts[spec->mount_count - 1].lowers, f[0].text);
}

static void op_tmpfs(struct spec *spec, struct field *f)
{
	new_mount(spec, MOUNT_TMPFS, f[0], f[1])->size = number(f[2]);
}

static void op_file(struct spec *spec, struct field *f)
{
	struct mount_spec *mount = new_mount(spec, MOUNT_FILE, f[0], f[1]);
	mount->uid = number(f[2]);
	mount->gid = number(f[3]);
	mount->mode = number(f[4]);
	mount->data = f[5].text;
	mount->data_size = f[5].size;
}

static void op_rlimit(struct spec *spec, struct field *f)
{
	static const struct {
		const char *name;
		int resource;
	} resources[] = {
		{"as", RLIMIT_AS},           {"core", RLIMIT_CORE},       {"cpu", RLIMIT_CPU},       {"data", RLIMIT_DATA},
		{"fsize", RLIMIT_FSIZE},     {"locks", RLIMIT_LOCKS},     {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE},
		{"nice", RLIMIT_NICE},       {"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC},   {"rss", RLIMIT_RSS},
		{"rtprio", RLIMIT_RTPRIO},   {"rttime", RLIMIT_RTTIME},   {"sigpending", RLIMIT_SIGPENDING}, {"stack", RLIMIT_STACK},
	};
	for (size_t i = 0; i < LENGTH(resources); i++) {
		if (strcmp(resources[i].name, f[0].text) != 0)
			continue;
		if (spec->rlimit_count == LENGTH(spec->rlimits))
			fail(MALFORMED, "The sandbox spec has too many limits");
		spec->rlimits[spec->rlimit_count++] = (struct rlimit_spec){resources[i].resource, number(f[1]), number(f[2])};
		return;
	}
	fail("exec/unknown-ulimit", "Cannot set the ulimit \"%s\": there is no such limit", f[0].text);
}

static const struct operation {
	const char *name;
	size_t fields;
	void (*apply)(struct spec *, struct field *);
} operations[] = {
	{"parent", 1, op_parent},           /* pid */
	{"upper", 1, op_upper},             /* directory */
	{"work", 1, op_work},               /* directory; everything in it is removed in the end */
	{"lower", 1, op_lower},             /* directory; bottom first */
	{"bind", 3, op_bind},               /* dest, readonly, source */
	{"overlay", 3, op_overlay},         /* dest, readonly, selector; its layers follow */
	{"overlay-lower", 1, op_overlay_lower}, /* directory; bottom first */
	{"tmpfs", 3, op_tmpfs},             /* dest, readonly, bytes */
	{"file", 6, op_file},               /* dest, readonly, uid, gid, mode, content */
	{"arg", 1, op_arg},
	{"env", 1, op_env},                 /* NAME=value */
	{"cwd", 1, op_cwd},
	{"user", 1, op_user},               /* as USER */
	{"hostname", 1, op_hostname},
	{"hosts", 1, op_hosts},             /* text of /etc/hosts */
	{"resolv-conf", 1, op_resolv_conf}, /* text of /etc/resolv.conf */
	{"network", 1, op_network},         /* 1: the host's; 0: loopback only */
	{"seccomp", 1, op_seccomp},         /* 1: the allow-list */
	{"sys-writable", 1, op_sys_writable},
	{"capabilities", 1, op_capabilities}, /* bit mask of the bounding set */
	{"user-namespace", 2, op_user_namespace}, /* maps of a user namespace of the command's own */
	{"masked", 1, op_masked},           /* path that is covered when it exists */
	{"readonly", 1, op_readonly},       /* path that is made read-only when it exists */
	{"shm-size", 1, op_shm_size},       /* bytes */
	{"open-files", 1, op_open_files},   /* the soft limit is lowered to this */
	{"rlimit", 3, op_rlimit},           /* name, soft, hard */
	{"mapped", 2, op_mapped},           /* user ids, group ids: extents `first count` separated by commas */
	{"owners", 2, op_owners},           /* file for what cannot carry its owner, whether the step needs a supervisor */
};

static struct field next_field(char **at, char *end)
{
	uint32_t size = 0;
	if ((size_t)(end - *at) < 5)
		fail(MALFORMED, "The sandbox spec ends early");
	for (int i = 3; i >= 0; i--)
		size = size << 8 | (unsigned char)(*at)[i];
	*at += 4;
	if ((size_t)(end - *at) < (size_t)size + 1 || (*at)[size] != 0)
		fail(MALFORMED, "The sandbox spec ends early");
	struct field field = {*at, size};
	*at += (size_t)size + 1;
	return field;
}

void read_spec(int fd, struct spec *spec)
{
	size_t size;
	char *at = read_all(fd, &size, "the sandbox spec");
	char *end = at + size;
	memset(spec, 0, sizeof *spec);
	while (at < end) {
		struct field name = next_field(&at, end), fields[6];
		const struct operation *operation = NULL;
		for (size_t i = 0; i < LENGTH(operations) && !operation; i++)
			if (strcmp(operations[i].name, name.text) == 0)
				operation = &operations[i];
		if (!operation)
			fail(MALFORMED, "The sandbox spec has an unknown operation \"%s\"", name.text);
		for (size_t i = 0; i < operation->fields; i++) {
			fields[i] = next_field(&at, end);
			if (operation->apply != op_file && strlen(fields[i].text) != fields[i].size)
				fail("exec/nul-byte", "Cannot start the sandbox: \"%s\" has a NUL byte in it", fields[i].text);
		}
		operation->apply(spec, fields);
	}
	if (spec->owners && (!spec->mapped_users || !spec->mapped_groups))
		fail(MALFORMED, "The sandbox spec does not say which ids are mapped");
	if (!spec->upper || !spec->work || !spec->args.count || !spec->cwd || !spec->user || !spec->hostname || !spec->hosts || !spec->resolv_conf)
		fail(MALFORMED, "The sandbox spec lacks a part");
	append_text(&spec->args, NULL);
	spec->args.count--;
}
