/* Extended attributes of files. */
#ifndef TSBUILD_BASE_ATTRIBUTES_H
#define TSBUILD_BASE_ATTRIBUTES_H

/* The most that the kernel gives of an attribute, and of the list of names. */
#define ATTRIBUTE_ROOM 65536

/* Attributes of overlayfs itself, which a copy must not have. */
#define OVERLAY_PREFIX "user.overlay."

#endif
