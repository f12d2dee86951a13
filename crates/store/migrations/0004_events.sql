-- Events: what happened, in order, for those who are told of it. Each was written with the row of
-- evidence that tells the same to those who check.
CREATE TABLE event (
    number {key},
    at BIGINT NOT NULL,
    kind {text} NOT NULL,
    actor {text} NOT NULL,
    subject {text} NOT NULL,
    site {text} NOT NULL,
    evidence BIGINT NOT NULL REFERENCES evidence (number),
    body {text} NOT NULL
);
