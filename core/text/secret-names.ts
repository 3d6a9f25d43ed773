const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** Whether the name of a variable says that its value is no business of a log: a telling word, and none that says it is harmless. */
export function looksSecret(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name);
}
