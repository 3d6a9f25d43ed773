#include "spec/spec.h"

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#define MALFORMED "exec/internal"
#define MAX_FIELDS 6
#define LENGTH_SIZE 4

struct field {
	char *text;
	size_t size;
};

static uint64_t number_in(const struct field *field)
{
	uint64_t value;
	if (!parse_number(field->text, UINT64_MAX, &value))
		fail(MALFORMED, "The sandbox spec has \"%s\" where a number is expected", field->text);
	return value;
}

/* Functions that apply an operation of one field to a member of the spec. */
static void set_text(void *member, const struct field *field) { *(char **)member = field->text; }
static void set_number(void *member, const struct field *field) { *(uint64_t *)member = number_in(field); }
static void set_flag(void *member, const struct field *field) { *(bool *)member = number_in(field) != 0; }
static void append_item(void *member, const struct field *field) { append_text(member, field->text); }

/* Functions that apply an operation of several fields to the whole spec. */
static void set_user_namespace(void *target, const struct field *fields)
{
	struct spec *spec = target;
	spec->uids = fields[0].text;
	spec->gids = fields[1].text;
}

static void set_owners(void *target, const struct field *fields)
{
	struct spec *spec = target;
	spec->owners = fields[0].text;
	spec->supervised = number_in(&fields[1]) != 0;
}

static void set_mapped(void *target, const struct field *fields)
{
	struct spec *spec = target;
	spec->has_mapped = true;
	read_mapped(&spec->mapped, fields[0].text, fields[1].text);
}

/* Appends a mount; every kind begins with dest and readonly. */
static struct mount_spec *add_mount(struct spec *spec, enum mount_type type, const struct field *fields)
{
	spec->mounts = resize(spec->mounts, spec->mount_count + 1, sizeof *spec->mounts);
	struct mount_spec *mount = &spec->mounts[spec->mount_count++];
	*mount = (struct mount_spec){.type = type, .dest = fields[0].text, .readonly = number_in(&fields[1]) != 0};
	return mount;
}

static void add_bind(void *spec, const struct field *fields)
{
	add_mount(spec, MOUNT_BIND, fields)->source = fields[2].text;
}

static void add_host(void *spec, const struct field *fields)
{
	struct mount_spec *mount = add_mount(spec, MOUNT_HOST, fields);
	mount->source = fields[2].text;
	mount->directory = fields[3].text;
}

static void add_device(void *spec, const struct field *fields)
{
	add_mount(spec, MOUNT_DEVICE, fields)->source = fields[2].text;
}

static void add_overlay(void *spec, const struct field *fields)
{
	add_mount(spec, MOUNT_OVERLAY, fields)->source = fields[2].text;
}

static void add_overlay_lower(void *target, const struct field *fields)
{
	struct spec *spec = target;
	if (!spec->mount_count || spec->mounts[spec->mount_count - 1].type != MOUNT_OVERLAY)
		fail(MALFORMED, "The sandbox spec has a layer without its mount");
	append_text(&spec->mounts[spec->mount_count - 1].lowers, fields[0].text);
}

static void add_tmpfs(void *spec, const struct field *fields)
{
	add_mount(spec, MOUNT_TMPFS, fields)->size = number_in(&fields[2]);
}

static void add_file(void *spec, const struct field *fields)
{
	struct mount_spec *mount = add_mount(spec, MOUNT_FILE, fields);
	mount->uid = number_in(&fields[2]);
	mount->gid = number_in(&fields[3]);
	mount->mode = number_in(&fields[4]);
	mount->data = fields[5].text;
	mount->data_size = fields[5].size;
}

static void set_terminal(void *target, const struct field *fields)
{
	struct spec *spec = target;
	spec->terminal = true;
	spec->rows = number_in(&fields[0]);
	spec->columns = number_in(&fields[1]);
}

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{"as", RLIMIT_AS},
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

static void add_rlimit(void *target, const struct field *fields)
{
	struct spec *spec = target;
	for (size_t i = 0; i < LENGTH(resources); i++) {
		if (strcmp(resources[i].name, fields[0].text) != 0)
			continue;
		if (spec->rlimit_count == LENGTH(spec->rlimits))
			fail(MALFORMED, "The sandbox spec has too many limits");
		spec->rlimits[spec->rlimit_count++] =
			(struct rlimit_spec){resources[i].resource, number_in(&fields[1]), number_in(&fields[2])};
		return;
	}
	fail("exec/unknown-ulimit", "Cannot set the ulimit \"%s\": there is no such limit", fields[0].text);
}

/* The table of operations, from spec/operations.def. */
#define COUNT(...) LENGTH(((const char *const[]){__VA_ARGS__}))
#define TEXT(key, member, field) {key, 1, set_text, offsetof(struct spec, member)},
#define NUMBER(key, member, field) {key, 1, set_number, offsetof(struct spec, member)},
#define FLAG(key, member, field) {key, 1, set_flag, offsetof(struct spec, member)},
#define LIST(key, member, field) {key, 1, append_item, offsetof(struct spec, member)},
#define FIELDS(key, function, ...) {key, COUNT(__VA_ARGS__), function, 0},

static const struct operation {
	const char *key;
	size_t field_count;
	void (*apply)(void *target, const struct field *fields);
	size_t offset; /* of the target in struct spec */
} operations[] = {
#include "spec/operations.def"
};

#undef TEXT
#undef NUMBER
#undef FLAG
#undef LIST
#undef FIELDS
#define TEXT(key, member, field)
#define NUMBER(key, member, field)
#define FLAG(key, member, field)
#define LIST(key, member, field)
#define FIELDS(key, function, ...) _Static_assert(COUNT(__VA_ARGS__) <= MAX_FIELDS, key);
#include "spec/operations.def"

static const struct operation *find_operation(const char *key)
{
	for (size_t i = 0; i < LENGTH(operations); i++)
		if (strcmp(operations[i].key, key) == 0)
			return &operations[i];
	fail(MALFORMED, "The sandbox spec has an unknown operation \"%s\"", key);
}

static struct field next_field(char **at, char *end)
{
	uint32_t size = 0;
	if (end - *at < LENGTH_SIZE + 1)
		fail(MALFORMED, "The sandbox spec ends early");
	for (int i = LENGTH_SIZE - 1; i >= 0; i--)
		size = size << 8 | (unsigned char)(*at)[i];
	*at += LENGTH_SIZE;
	if ((size_t)(end - *at) < (size_t)size + 1 || (*at)[size] != 0)
		fail(MALFORMED, "The sandbox spec ends early");
	struct field field = {*at, size};
	*at += (size_t)size + 1;
	return field;
}

/* Reads the fields of an operation. Only the content of a file may have a NUL byte in it. */
static void read_fields(const struct operation *operation, char **at, char *end, struct field fields[MAX_FIELDS])
{
	for (size_t i = 0; i < operation->field_count; i++) {
		fields[i] = next_field(at, end);
		if (operation->apply != add_file && strlen(fields[i].text) != fields[i].size)
			fail("exec/nul-byte", "Cannot start the sandbox: \"%s\" has a NUL byte in it", fields[i].text);
	}
}

static void check_whole(const struct spec *spec)
{
	if (spec->owners && !spec->has_mapped)
		fail(MALFORMED, "The sandbox spec does not say which ids are mapped");
	if (!spec->upper || !spec->work || !spec->args.count || !spec->cwd || !spec->user || !spec->hostname ||
	    !spec->hosts || !spec->resolv_conf)
		fail(MALFORMED, "The sandbox spec lacks a part");
}

void read_spec(int fd, struct spec *spec)
{
	size_t size;
	char *at = read_all(fd, &size, "the sandbox spec"), *end = at + size; /* the spec points into it */
	memset(spec, 0, sizeof *spec);
	while (at < end) {
		struct field fields[MAX_FIELDS];
		const struct operation *operation = find_operation(next_field(&at, end).text);
		read_fields(operation, &at, end, fields);
		operation->apply((char *)spec + operation->offset, fields);
	}
	check_whole(spec);
	append_text(&spec->args, NULL); /* as exec wants it */
	spec->args.count--;
	append_text(&spec->check, NULL);
	spec->check.count--;
}

char *working_root_path(const struct spec *spec) { return format_text("%s/root", spec->working); }

const char *find_variable(const struct spec *spec, const char *name)
{
	size_t length = strlen(name);
	const char *found = NULL;
	for (size_t i = 0; i < spec->env.count; i++)
		if (strncmp(spec->env.items[i], name, length) == 0 && spec->env.items[i][length] == '=')
			found = spec->env.items[i] + length + 1;
	return found;
}
