/** Returns the version in the package's own package.json. */
export { packageVersion as version } from "../core/package-root.js";
