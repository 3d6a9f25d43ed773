/* Attributes that mean something to overlayfs, on what a step has. */
#include <sys/xattr.h>

#include "attempt.h"

int mark_for_overlayfs(const char *path)
{
	static const struct {
		const char *name, *value;
	} attributes[] = {{"user.overlay.opaque", "y"},       {"user.overlay.redirect", "/../../../etc"},  {"user.overlay.metacopy", ""},
	                  {"user.overlay.whiteout", "y"},     {"trusted.overlay.opaque", "y"},             {"trusted.overlay.redirect", "/../../../etc"},
	                  {"user.tsbuild.owner", "4242:4242"}};
	for (size_t i = 0; i < LENGTH(attributes); i++)
		printf("%s\n", setxattr(path, attributes[i].name, attributes[i].value, strlen(attributes[i].value), 0) < 0 ? strerrorname_np(errno) : "done");
	return 0;
}
