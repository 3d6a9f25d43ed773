/** What gives back what a mount holds, once the step has ended. */
export type Held = (() => void)[];
