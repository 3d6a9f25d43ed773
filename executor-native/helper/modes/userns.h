/* User namespaces, each with a mount namespace of its own. */
#ifndef TSBUILD_MODES_USERNS_H
#define TSBUILD_MODES_USERNS_H

/*
 * Makes this process root in a new user and mount namespace. `how` the ids are mapped: direct, own, tools; maps are lines of "inside outside count"
 * separated by commas. What was mounted before is locked: nothing in there unmounts it or takes back that it is read-only.
 */
void enter_user_namespace(const char *how, const char *uids, const char *gids);

#endif
