/* The root of the programs behind the network of steps. */
#ifndef TSBUILD_NETWORK_CONFINE_H
#define TSBUILD_NETWORK_CONFINE_H

/* Path at which these programs find the network namespace. */
#define NAMESPACE_PATH "/run/step-network"

/*
 * Makes a root for this process that has programs, the device for packets and a network namespace,
 * and nothing else of the machine. It needs a mount namespace of its own.
 */
void confine(int network_namespace);

#endif
