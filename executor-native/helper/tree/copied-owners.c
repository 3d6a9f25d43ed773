#include "tree/copied-owners.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ownership/owner-notes.h"
#include "ownership/owners.h"

static _Noreturn void cannot_write(const struct copied_owners *owners)
{
	fail_errno("exec/owners", "Cannot write down owners in \"%s\"", owners->path);
}

void know_owners(struct copied_owners *owners, const char *directory)
{
	struct stat status;
	struct owner_notes notes = {.place_count = 0};
	read_notes_of(&notes, directory);
	if (!notes.texts.count)
		return;
	if (stat(directory, &status) < 0)
		fail_errno("exec/owners", "Cannot look at \"%s\"", directory);
	for (size_t i = 0; i < notes.texts.count; i++)
		read_owner_lines(&owners->known, notes.texts.items[i], status.st_dev);
}

void copy_owner(struct copied_owners *owners, const char *from, const char *to)
{
	struct identity copy;
	const struct owner_entry *entry = find_owner_entry(&owners->known, from, AT_SYMLINK_NOFOLLOW);
	if (!entry)
		return;
	if (!owners->notes)
		owners->notes = fopen(owners->path, "ae");
	if (!owners->notes || !identify_file(to, AT_SYMLINK_NOFOLLOW, &copy))
		cannot_write(owners);
	write_owner_line(owners->notes, copy.inode, copy.birth, entry->owner);
}

void end_copied_owners(struct copied_owners *owners)
{
	if (owners->notes && fclose(owners->notes) != 0)
		cannot_write(owners);
	owners->notes = NULL;
}
