/** Removes secrets from git's output. */
export class Redaction {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret.length >= 8 || /[^a-z]/i.test(secret)).filter((secret) => secret.length >= 4);
  }

  text(text: string): string {
    let shown = text.replace(/(\w+:\/\/)[^/@\s]*@/g, "$1");
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, "****");
    return shown;
  }
}
