-- A disclosure is a publisher's namespace and the tracking identifier in it, and everything that is
-- said of one refers to its row. What a newer version would clear waits for a person.

-- Status of the version that counts; and the version that a person, or trust in its publisher, has
-- accepted: until that is the one that counts, what only the newer one clears is not cleared.
ALTER TABLE disclosure ADD COLUMN namespace {text} NOT NULL DEFAULT '';
ALTER TABLE disclosure ADD COLUMN status {text} NOT NULL DEFAULT '';
ALTER TABLE disclosure ADD COLUMN accepted_version BIGINT NOT NULL DEFAULT 0;
UPDATE disclosure SET accepted_version = current_version,
    namespace = substr(name, 1, length(name) - length(tracking_id) - 1);
CREATE UNIQUE INDEX disclosure_key ON disclosure (namespace, tracking_id);

-- Who brought a version, as the caller named it.
ALTER TABLE disclosure_version ADD COLUMN source {text} NOT NULL DEFAULT '';

-- Publishers whose documents may clear devices without a question. An absent source means any.
CREATE TABLE trust (
    namespace {text} NOT NULL,
    source {text} NOT NULL,
    any_source BIGINT NOT NULL,
    at BIGINT NOT NULL,
    person {text} NOT NULL,
    PRIMARY KEY (namespace, source, any_source)
) {clustered};

-- Verdicts, by the row of their disclosure. Held: the newest version would clear it, and nobody has
-- confirmed that.
ALTER TABLE verdict RENAME TO verdict_of_before;
CREATE TABLE verdict_by_key (
    number {key},
    configuration BIGINT NOT NULL REFERENCES configuration (number),
    rank BIGINT NOT NULL,
    disclosure BIGINT NOT NULL REFERENCES disclosure (number),
    vulnerability {text} NOT NULL,
    score {real} NOT NULL,
    question BIGINT REFERENCES question (number),
    remediation BIGINT NOT NULL REFERENCES remediation (number),
    held BIGINT NOT NULL,
    body {text} NOT NULL
);
INSERT INTO verdict_by_key SELECT v.number, v.configuration, v.rank,
    (SELECT MIN(d.number) FROM disclosure d WHERE d.tracking_id = v.tracking_id),
    v.vulnerability, v.score, v.question, v.remediation, 0, v.body FROM verdict_of_before v
    WHERE v.tracking_id IN (SELECT tracking_id FROM disclosure);
DROP TABLE verdict_of_before;
ALTER TABLE verdict_by_key RENAME TO verdict;
CREATE INDEX verdict_worst ON verdict (rank, score DESC, number);
CREATE INDEX verdict_of_configuration ON verdict (configuration, rank, score DESC, number);
CREATE INDEX verdict_of_disclosure ON verdict (disclosure, rank, score DESC, number);
CREATE INDEX verdict_of_vulnerability ON verdict (vulnerability, rank, score DESC, number);
CREATE INDEX verdict_question ON verdict (question, configuration);
CREATE INDEX verdict_held ON verdict (held, disclosure);

-- Decisions, the same. Device: set where it is one device's alone, because its record changed.
ALTER TABLE decision RENAME TO decision_of_before;
CREATE TABLE decision_by_key (
    number {key},
    configuration BIGINT NOT NULL REFERENCES configuration (number),
    device {text} NOT NULL,
    disclosure BIGINT NOT NULL REFERENCES disclosure (number),
    vulnerability {text} NOT NULL,
    rank_before BIGINT,
    rank_after BIGINT,
    at BIGINT NOT NULL,
    because {text} NOT NULL
);
INSERT INTO decision_by_key SELECT h.number, h.configuration, '',
    (SELECT MIN(d.number) FROM disclosure d WHERE d.tracking_id = h.tracking_id),
    h.vulnerability, h.rank_before, h.rank_after, h.at, h.because FROM decision_of_before h
    WHERE h.tracking_id IN (SELECT tracking_id FROM disclosure);
DROP TABLE decision_of_before;
ALTER TABLE decision_by_key RENAME TO decision;
CREATE INDEX decision_of_configuration ON decision (configuration, number);
CREATE INDEX decision_of_device ON decision (device, number);
CREATE INDEX decision_at ON decision (at, number);

-- What a configuration is, as it is matched, and a digest of what each disclosure said of it when it
-- was last decided: only what has another digest now is written out, compared and kept anew.
CREATE TABLE configuration_said (
    configuration {key} REFERENCES configuration (number),
    asset {text} NOT NULL,
    said {text} NOT NULL
);

-- Devices whose record changed so that other verdicts are theirs. Once the history says what that
-- changed: when, and the last decision before the device had the other configuration.
CREATE TABLE device_move (
    number {key},
    device {text} NOT NULL,
    from_configuration BIGINT NOT NULL REFERENCES configuration (number),
    to_configuration BIGINT NOT NULL REFERENCES configuration (number),
    told BIGINT,
    decision BIGINT
);
CREATE INDEX device_move_of_device ON device_move (device, number);
CREATE INDEX device_move_told ON device_move (told, number);
