#include "ownership/owner-table.h"

#define HASHES 4096
#define FIRST_ROOM 256

static size_t *head_of(const struct owner_table *table, uint64_t inode) { return &table->heads[inode % HASHES]; }

struct owner_entry *find_entry(const struct owner_table *table, const struct identity *file)
{
	if (!table->count)
		return NULL;
	for (size_t at = *head_of(table, file->inode); at; at = table->entries[at - 1].next) {
		struct owner_entry *entry = &table->entries[at - 1];
		bool same_device = entry->file.device == file->device || entry->file.device == ANY_DEVICE;
		if (same_device && entry->file.inode == file->inode && entry->file.birth == file->birth)
			return entry;
	}
	return NULL;
}

static void make_room(struct owner_table *table)
{
	if (!table->heads)
		table->heads = allocate(HASHES * sizeof *table->heads);
	if (table->count < table->room)
		return;
	table->room = table->room ? 2 * table->room : FIRST_ROOM;
	table->entries = resize(table->entries, table->room, sizeof *table->entries);
}

struct owner_entry *add_entry(struct owner_table *table, const struct identity *file)
{
	struct owner_entry *entry = find_entry(table, file);
	if (entry)
		return entry;
	make_room(table);
	size_t *head = head_of(table, file->inode);
	entry = &table->entries[table->count];
	*entry = (struct owner_entry){.file = *file, .stored = file->inode, .next = *head};
	*head = ++table->count;
	return entry;
}
