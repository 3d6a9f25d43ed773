/**
 * What files of unpacked layers and of steps belong to. `mapped`: to the ids that the image says, mapped into the user namespace. `virtual`: to the one id that
 * there is; whom they ought to belong to is written down beside them (helper/owners.h), and the supervisor of a sandbox makes processes believe it. Where
 * ids are mapped, the same is done with the ids that are not among them.
 */
export type Ownership = "mapped" | "virtual";

/** Environment variable; `virtual` asks for virtual owners also where ids could be mapped: for tests, and where newuidmap is there but fails. */
export const OWNERSHIP_VARIABLE = "TSBUILD_OWNERSHIP";
