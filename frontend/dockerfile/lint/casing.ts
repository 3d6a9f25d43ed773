/** Returns true for text that is wholly upper or wholly lower case. */
export function isUniform(text: string): boolean {
  return text === text.toUpperCase() || text === text.toLowerCase();
}

export function isUpper(text: string): boolean {
  return text === text.toUpperCase();
}
