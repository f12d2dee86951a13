-- What every derived row was derived from, so that what is stale is known after a kill, an error or
-- an upgrade; and every change of a verdict, for ever.

-- Generation of the disclosures, and stamp of the engine (matcher, parser, knowledge), that the
-- verdicts of a configuration were decided with. What was decided before has neither, so it is
-- stale.
ALTER TABLE configuration ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE configuration ADD COLUMN engine {text} NOT NULL DEFAULT '';

-- The normalised document of a version: made of the raw bytes, and made anew from them by a newer
-- engine.
CREATE TABLE parsed_document (
    version {key} REFERENCES disclosure_version (number),
    engine {text} NOT NULL,
    document {text} NOT NULL,
    warnings {text} NOT NULL
);
INSERT INTO parsed_document (version, engine, document, warnings)
    SELECT number, '', document, warnings FROM disclosure_version;

-- A verdict of a configuration that came (no rank before), changed, or ended (no rank after).
CREATE TABLE decision (
    number {key},
    configuration BIGINT NOT NULL REFERENCES configuration (number),
    tracking_id {text} NOT NULL,
    vulnerability {text} NOT NULL,
    rank_before BIGINT,
    rank_after BIGINT,
    at BIGINT NOT NULL,
    because {text} NOT NULL
);
CREATE INDEX decision_of_configuration ON decision (configuration, number);
CREATE INDEX decision_at ON decision (at, number);
