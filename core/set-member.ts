/**
 * Sets a member of an object whose names come from users. Note that we define it, because an
 * assignment to `__proto__` sets no member.
 */
export function setMember<T>(object: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}
