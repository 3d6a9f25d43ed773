const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/**
 * Returns true when the name of a variable says that its value is a secret: a word such as
 * PASSWORD, and no word that says it is harmless.
 */
export function looksSecret(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name);
}

/** Returns true for `NAME=value` when the name says so, or when the value has a URL's password. */
export function isSecretVariable(variable: string): boolean {
  const at = variable.indexOf("=");
  return looksSecret(variable.slice(0, at)) || hasPassword(variable.slice(at + 1));
}

/** Returns true for `http://user:password@proxy`, also without the scheme. */
function hasPassword(value: string): boolean {
  return /(?:^|:\/\/)[^/@\s]+:[^/@\s]*@/.test(value);
}
