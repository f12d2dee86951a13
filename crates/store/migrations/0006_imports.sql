-- An import is written unseen, some devices at a time, and shown by one short transaction.

-- One import of devices. As long as no ingest is noted its devices are not shown; an import that
-- never got so far is swept away.
CREATE TABLE import (
    number {key},
    ingest BIGINT REFERENCES ingest (number)
);
CREATE INDEX import_unseen ON import (ingest);

-- Everybody reads `device`; only what writes devices names `device_row`.
ALTER TABLE device RENAME TO device_row;
ALTER TABLE device_row ADD COLUMN import BIGINT NOT NULL DEFAULT 0;
CREATE INDEX device_of_import ON device_row (import);
CREATE INDEX device_of_class_by_exposure ON device_row
    (class, affected DESC, unknown DESC, name_key, number);
CREATE VIEW device AS SELECT number, id, asset_id, site, name, name_key, class, maker, model,
    software_version, os, location, first_seen, last_seen, on_network, in_inventory,
    configuration, affected, unknown, not_affected, exploited, retired, import
    FROM device_row
    WHERE import NOT IN (SELECT u.number FROM import u WHERE u.ingest IS NULL);

-- What the row of an export said, as a digest: a row that says the same again is passed over.
ALTER TABLE stream_row ADD COLUMN digest {text} NOT NULL DEFAULT '';

-- Rows of a stream that is being imported.
CREATE TABLE import_row (
    import BIGINT NOT NULL REFERENCES import (number),
    device BIGINT NOT NULL REFERENCES device_row (number) ON DELETE CASCADE,
    digest {text} NOT NULL,
    PRIMARY KEY (import, device)
) {clustered};
CREATE INDEX import_row_of_device ON import_row (device);
