-- Checkpoints of the evidence, and the texts that it knows by their digest.

-- A signed checkpoint, and the row of evidence that it ends with.
CREATE TABLE checkpoint (
    evidence {key} REFERENCES evidence (number),
    at BIGINT NOT NULL,
    note {text} NOT NULL
);

-- A free text or name that the evidence holds only the digest of: SHA-256 of the salt and the text.
-- Where it is removed, the digest proves nothing to anybody any more, and the chain still holds.
CREATE TABLE evidence_text (
    digest {text} NOT NULL PRIMARY KEY,
    evidence BIGINT NOT NULL,
    salt {text} NOT NULL,
    content {text} NOT NULL
);

-- What is proposed to be removed is told apart by a digest under this salt.
INSERT INTO setting (name, value) VALUES ('redaction_salt', {uuid});
