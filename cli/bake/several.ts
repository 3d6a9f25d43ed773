/** Returns true for a value of `--target` that may name several stages. */
export function namesSeveral(target: string | undefined): target is string {
  return target !== undefined && /[,*?[]/.test(target);
}
