/* User namespaces, each with a mount namespace of its own. */
#ifndef TSBUILD_SANDBOX_USER_NAMESPACE_H
#define TSBUILD_SANDBOX_USER_NAMESPACE_H

/* Ways to map ids. */
enum map_way {
	MAP_DIRECTLY, /* with the right to map any */
	MAP_OWN,      /* the caller's own user and group only; groups cannot be changed then */
	MAP_BY_TOOLS, /* by newuidmap and newgidmap, which ordinary users have for their range */
};

/* Maps are lines of "inside outside count" separated by commas. */
struct id_maps {
	enum map_way way;
	const char *uids, *gids;
	int proc; /* a /proc in which this process is, of whatever pid namespace */
};

/*
 * Makes this process root in a new user and mount namespace. Earlier mounts are locked: nothing in
 * there unmounts them or takes back that they are read-only.
 */
void enter_user_namespace(const struct id_maps *maps);

#endif
