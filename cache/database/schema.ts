import type { SqliteConnection } from "./sqlite.js";
import { moveLayersToStacks } from "./move-to-stacks.js";

/**
 * The index database, as steps from one schema version to the next (`PRAGMA user_version` is the
 * number of steps taken). New steps are only added at the end. Times are milliseconds since the
 * epoch; layer ids are integers here and `l` + base 36 outside.
 */
export const MIGRATIONS: readonly (string | ((connection: SqliteConnection) => void))[] = [
  `
  CREATE TABLE layers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: a snapshot folder bears it
    draft INTEGER NOT NULL,               -- 1: being made, invisible
    diff_id TEXT,
    blob TEXT,                            -- JSON of the descriptor
    blob_digest TEXT,
    verified INTEGER NOT NULL,            -- 1: the blob was seen to have this diffID; 0: an image's config claims it
    unpacked INTEGER NOT NULL,
    origin TEXT,
    created_at INTEGER NOT NULL
  );
  CREATE INDEX layers_diff_id ON layers (diff_id) WHERE diff_id IS NOT NULL;
  CREATE INDEX layers_blob ON layers (blob_digest) WHERE blob_digest IS NOT NULL;

  -- Snapshot directories in the making; the directory's name in snapshots/.
  CREATE TABLE drafts (dir TEXT PRIMARY KEY, holder TEXT NOT NULL, layer INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    primary_key TEXT NOT NULL,
    layers TEXT NOT NULL,                 -- layer ids with blanks between, bottom first
    name TEXT NOT NULL,
    components TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
  );
  CREATE TABLE result_layers (
    result INTEGER NOT NULL REFERENCES results ON DELETE CASCADE,
    layer INTEGER NOT NULL REFERENCES layers,
    PRIMARY KEY (result, layer)
  ) WITHOUT ROWID;
  CREATE INDEX result_layers_layer ON result_layers (layer);
  CREATE TABLE keys (
    key TEXT PRIMARY KEY,
    result INTEGER NOT NULL REFERENCES results ON DELETE CASCADE
  ) WITHOUT ROWID;
  CREATE INDEX keys_result ON keys (result);

  CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    name TEXT UNIQUE,                     -- NULL: without a name
    digest TEXT NOT NULL,
    target TEXT NOT NULL,                 -- JSON of the descriptor
    created_at INTEGER NOT NULL
  );
  CREATE INDEX images_digest ON images (digest);

  CREATE TABLE mounts (id TEXT PRIMARY KEY, dir TEXT NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;

  -- A holder is one store handle of one process. expires NULL: for as long as the holder's lock is held.
  CREATE TABLE leases (
    kind TEXT NOT NULL, id TEXT NOT NULL, holder TEXT NOT NULL, expires INTEGER,
    PRIMARY KEY (kind, id, holder)
  ) WITHOUT ROWID;
  CREATE INDEX leases_holder ON leases (holder);

  -- Absolute paths of trees that nobody needs and that could not be removed yet.
  CREATE TABLE orphans (path TEXT PRIMARY KEY) WITHOUT ROWID;
  `,
  `
  ALTER TABLE results ADD COLUMN build TEXT; -- empty: another machine made it
  ALTER TABLE results ADD COLUMN origin TEXT;
  CREATE INDEX results_origin ON results (origin, used_at, name) WHERE origin IS NOT NULL;

  CREATE TABLE builds (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    log_bytes INTEGER NOT NULL,           -- 0: no directory in builds/
    summary TEXT NOT NULL,                -- JSON
    detail TEXT NOT NULL
  );
  CREATE INDEX builds_created ON builds (created_at, log_bytes);
  `,
  `
  ALTER TABLE layers ADD COLUMN bytes INTEGER; -- real blocks of the snapshot, which never changes; NULL: not measured
  ALTER TABLE mounts ADD COLUMN bytes INTEGER; -- real blocks when it was measured last
  ALTER TABLE mounts ADD COLUMN name TEXT;     -- for people: the id as the Dockerfile has it

  -- One row: what the store takes, kept up to date by what every handle adds, so that a build need not walk over it.
  CREATE TABLE totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    bytes INTEGER NOT NULL,
    measured_at INTEGER NOT NULL,         -- when all of it was looked at
    collect_above INTEGER NOT NULL        -- a collection found that less than this cannot be had
  );
  `,
  `
  ALTER TABLE layers ADD COLUMN recipe TEXT; -- how the blob was compressed here, see oci/layer/write/compress.ts; NULL: it came from elsewhere
  `,
  `
  -- Bytes when all of it was looked at, and bytes that were free on its disk when that began; NULL: not known.
  ALTER TABLE totals ADD COLUMN measured INTEGER;
  ALTER TABLE totals ADD COLUMN free INTEGER;
  `,
  `
  ALTER TABLE layers ADD COLUMN virtual INTEGER NOT NULL DEFAULT 0; -- 1: owners in the snapshot are virtual; fixed when its making begins
  `,
  `
  ALTER TABLE layers ADD COLUMN boot TEXT; -- in which the snapshot was made; NULL: it is on the disk
  CREATE INDEX layers_boot ON layers (boot) WHERE boot IS NOT NULL;
  `,
  `
  -- Stacks of layers, which results share: a row for each layer of each result would be the square of the steps of a Dockerfile.
  CREATE TABLE stacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: handles remember it
    below INTEGER REFERENCES stacks,      -- the stack without its uppermost layer; NULL: that layer is alone
    layer INTEGER NOT NULL REFERENCES layers
  );
  CREATE INDEX stacks_below ON stacks (below, layer);
  CREATE INDEX stacks_layer ON stacks (layer);
  ALTER TABLE results ADD COLUMN stack INTEGER REFERENCES stacks ON DELETE CASCADE; -- NULL: no layers
  CREATE INDEX results_stack ON results (stack) WHERE stack IS NOT NULL;
  `,
  moveLayersToStacks,
  `
  DROP TABLE result_layers;
  ALTER TABLE results DROP COLUMN layers;
  `,
];
