/** Blocks of a bake file: how many labels a type has, and the blocks inside it. */
export const BLOCKS = {
  target: { labelled: true },
  group: { labelled: true },
  function: { labelled: true },
  variable: { labelled: true, blocks: { validation: { labelled: false } } },
} as const;
