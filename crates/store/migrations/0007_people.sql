-- Those who act, by a key that is not their name; what is granted to them and how far; what they
-- show to be let in; what two of them have to say; and the work that is done by itself.

ALTER TABLE person RENAME TO person_of_before;
DROP TABLE session;

-- A person, a technician, a sensor, a token. Names are one among all of them, and may change.
CREATE TABLE person (
    number {key},
    id {text} NOT NULL UNIQUE,
    kind {text} NOT NULL,
    name {text} NOT NULL UNIQUE,
    display_name {text} NOT NULL,
    disabled BIGINT NOT NULL,
    created BIGINT NOT NULL
);
INSERT INTO person (number, id, kind, name, display_name, disabled, created)
    SELECT ROW_NUMBER() OVER (ORDER BY created, name), {uuid}, 'person', name, display_name,
        disabled, created FROM person_of_before;

-- What somebody shows to be let in. The generation grows with every change, and whoever was let in
-- by an earlier one is out. Once: to be used for one sign-in and then changed.
CREATE TABLE credential (
    person {text} NOT NULL REFERENCES person (id),
    kind {text} NOT NULL,
    secret_hash {text} NOT NULL,
    generation BIGINT NOT NULL,
    once BIGINT NOT NULL,
    used BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    expires BIGINT,
    PRIMARY KEY (person, kind)
) {clustered};
CREATE INDEX credential_secret ON credential (kind, secret_hash);
INSERT INTO credential (person, kind, secret_hash, generation, once, used, issued, expires)
    SELECT p.id, 'password', b.password_hash, 1, b.must_change_password, 0, b.created, NULL
    FROM person_of_before b JOIN person p ON p.name = b.name;

-- A role, and how far it reaches, as JSON.
CREATE TABLE role_grant (
    person {text} NOT NULL REFERENCES person (id),
    role {text} NOT NULL,
    scope {text} NOT NULL,
    given BIGINT NOT NULL,
    given_by {text} NOT NULL,
    PRIMARY KEY (person, role, scope)
) {clustered};
INSERT INTO role_grant (person, role, scope, given, given_by)
    SELECT p.id, b.role, '"everywhere"', b.created, 'console'
    FROM person_of_before b JOIN person p ON p.name = b.name;

DROP TABLE person_of_before;

CREATE TABLE session (
    token_hash {text} NOT NULL PRIMARY KEY,
    person {text} NOT NULL REFERENCES person (id),
    generation BIGINT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person);

-- What a rule wants two people for: who proposed it and why, and who settled it. Alone: the one who
-- proposed it, after the waiting time; somebody looks at those later.
CREATE TABLE agreement (
    number {key},
    rule {text} NOT NULL,
    subject {text} NOT NULL,
    reason {text} NOT NULL,
    proposed_by {text} NOT NULL,
    proposed BIGINT NOT NULL,
    settled_by {text} NOT NULL,
    settled BIGINT,
    alone BIGINT NOT NULL,
    reviewed_by {text} NOT NULL,
    reviewed BIGINT
);
CREATE INDEX agreement_open ON agreement (rule, subject, settled);

-- Work that comes again and again: when next, who is at it until when, and what came of it.
CREATE TABLE job (
    name {text} NOT NULL PRIMARY KEY,
    next_run BIGINT NOT NULL,
    held_by {text} NOT NULL,
    held_until BIGINT,
    started BIGINT,
    ended BIGINT,
    done BIGINT NOT NULL,
    result {text} NOT NULL
);

-- At which site something was taken in; none for what is the whole house's.
ALTER TABLE ingest ADD COLUMN site {text};

-- Devices by department: what a grant may be limited to.
CREATE INDEX fact_department ON fact (LOWER(value), device) WHERE attribute = 'department';
