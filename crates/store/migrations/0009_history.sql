-- Every change of what is followed of a device, for ever. What a device was at any time before
-- follows from what it is and what changed since.

CREATE TABLE device_history (
    number {key},
    device {text} NOT NULL,
    attribute {text} NOT NULL,
    before {text} NOT NULL,
    after {text} NOT NULL,
    at BIGINT NOT NULL,
    because {text} NOT NULL
);
CREATE INDEX device_history_of_device ON device_history (device, attribute, number);
CREATE INDEX device_history_at ON device_history (at, number);

-- When a device was first written down here.
ALTER TABLE device_row ADD COLUMN recorded BIGINT NOT NULL DEFAULT 0;
UPDATE device_row SET recorded = first_seen;

DROP VIEW device;
CREATE VIEW device AS SELECT number, id, asset_id, site, name, name_key, class, maker, model,
    software_version, os, location, first_seen, last_seen, on_network, in_inventory,
    configuration, affected, unknown, not_affected, exploited, retired, import, recorded
    FROM device_row
    WHERE import NOT IN (SELECT u.number FROM import u WHERE u.ingest IS NULL);

-- What was taken in, told apart by content and reader: facts name it, and it names its ingest.
CREATE TABLE source (
    number {key},
    content_hash {text} NOT NULL,
    parser {text} NOT NULL,
    name {text} NOT NULL,
    ingest BIGINT REFERENCES ingest (number),
    UNIQUE (content_hash, parser)
);
ALTER TABLE fact ADD COLUMN origin BIGINT REFERENCES source (number);
