/**
 * Returns an environment in which skopeo and podman find no credentials of whoever runs the tests.
 * `directory` is one of the test. A file that another user keeps in /run/containers would make them
 * fail.
 */
export function noCredentials(directory: string): NodeJS.ProcessEnv {
  return { ...process.env, HOME: directory, XDG_RUNTIME_DIR: directory };
}
