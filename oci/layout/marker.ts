/** Name of the file that makes a directory or an archive an OCI image layout. */
export const LAYOUT_FILE = "oci-layout";

/** Content of that file. */
export const LAYOUT_VERSION = '{"imageLayoutVersion":"1.0.0"}';
