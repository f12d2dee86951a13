-- Everything of the first version. Written once for both databases: {key} is the type of a row
-- number that is ours, {text} sorts by bytes, {bytes} and {real} are what they say. Times are
-- microseconds since 1970. Truth is 0 or 1. An absent text is empty unless NULL is allowed.

CREATE TABLE setting (
    name {text} NOT NULL PRIMARY KEY,
    value {text} NOT NULL
);

-- The distinct (maker, model, versions) that devices share, with how many devices share it and
-- what was decided for it.
CREATE TABLE configuration (
    number {key},
    name {text} NOT NULL UNIQUE,
    devices BIGINT NOT NULL,
    matched BIGINT NOT NULL,
    affected BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    not_affected BIGINT NOT NULL,
    exploited BIGINT NOT NULL
);

-- What a list of devices shows, filters and sorts by. The four counters are those of the
-- configuration, copied so that a list needs no join.
CREATE TABLE device (
    number {key},
    id {text} NOT NULL UNIQUE,
    asset_id {text} NOT NULL,
    site {text} NOT NULL,
    name {text} NOT NULL,
    name_key {text} NOT NULL,
    class {text} NOT NULL,
    maker {text} NOT NULL,
    model {text} NOT NULL,
    software_version {text} NOT NULL,
    os {text} NOT NULL,
    location {text} NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    on_network BIGINT NOT NULL,
    in_inventory BIGINT NOT NULL,
    configuration BIGINT NOT NULL REFERENCES configuration (number),
    affected BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    not_affected BIGINT NOT NULL,
    exploited BIGINT NOT NULL
);
CREATE INDEX device_exposure ON device (affected DESC, unknown DESC, name_key, number);
CREATE INDEX device_name ON device (name_key, number);
CREATE INDEX device_class ON device ((class = ''), class, maker, model, name_key, number);
CREATE INDEX device_maker ON device ((maker = ''), maker, model, name_key, number);
CREATE INDEX device_location ON device ((location = ''), location, name_key, number);
CREATE INDEX device_last_seen ON device (last_seen DESC, number);
CREATE INDEX device_first_seen ON device (first_seen DESC, number);
CREATE INDEX device_of_class ON device (class);
CREATE INDEX device_of_maker ON device (maker);
CREATE INDEX device_of_site ON device (site);
CREATE INDEX device_of_configuration ON device (configuration, name_key, number);
CREATE INDEX device_state ON device
    (on_network, in_inventory, affected, unknown, not_affected, exploited);

-- What free text finds, in lower case, apart so that a search reads nothing else.
CREATE TABLE device_search (
    device {key} REFERENCES device (number) ON DELETE CASCADE,
    words {text} NOT NULL
);

-- The rest of a device, as JSON: addresses, names, software, roles, protocols, custom fields.
CREATE TABLE device_body (
    device {key} REFERENCES device (number) ON DELETE CASCADE,
    body {text} NOT NULL
);

CREATE TABLE fact (
    device BIGINT NOT NULL REFERENCES device (number) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    attribute {text} NOT NULL,
    value {text} NOT NULL,
    confidence BIGINT NOT NULL,
    source {text} NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (device, position)
) {clustered};

-- What points to a device: MAC, IP, serial, UDI, asset id.
CREATE TABLE identifier (
    kind {text} NOT NULL,
    value {text} NOT NULL,
    device BIGINT NOT NULL REFERENCES device (number) ON DELETE CASCADE,
    PRIMARY KEY (kind, value, device)
) {clustered};
CREATE INDEX identifier_of_device ON identifier (device);

CREATE TABLE software (
    name {text} NOT NULL,
    version {text} NOT NULL,
    device BIGINT NOT NULL REFERENCES device (number) ON DELETE CASCADE,
    PRIMARY KEY (name, version, device)
) {clustered};
CREATE INDEX software_of_device ON software (device);

-- A device that turned out to be another one: the record as it was, and where it went.
CREATE TABLE merged_device (
    id {text} NOT NULL PRIMARY KEY,
    merged_into {text} NOT NULL,
    at BIGINT NOT NULL,
    body {text} NOT NULL
);

CREATE TABLE conversation (
    number {key},
    client_address {text} NOT NULL,
    server_address {text} NOT NULL,
    transport {text} NOT NULL,
    port BIGINT NOT NULL,
    application {text} NOT NULL,
    client {text} NOT NULL,
    server {text} NOT NULL,
    packets BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    UNIQUE (client_address, server_address, transport, port, application)
);
CREATE INDEX conversation_client ON conversation (client);
CREATE INDEX conversation_server ON conversation (server);

-- Documents as received, byte for byte, found by their SHA-256.
CREATE TABLE document (
    content_hash {text} NOT NULL PRIMARY KEY,
    raw {bytes} NOT NULL
);

-- A disclosure, as its current version says.
CREATE TABLE disclosure (
    number {key},
    name {text} NOT NULL UNIQUE,
    tracking_id {text} NOT NULL,
    publisher {text} NOT NULL,
    title {text} NOT NULL,
    version {text} NOT NULL,
    released BIGINT,
    updated BIGINT,
    received BIGINT NOT NULL,
    vulnerabilities {text} NOT NULL,
    score {real},
    search {text} NOT NULL,
    current_version BIGINT NOT NULL,
    exploited BIGINT NOT NULL,
    affected BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    not_affected BIGINT NOT NULL
);
CREATE INDEX disclosure_tracking_id ON disclosure (tracking_id);

-- Every version that was ever received.
CREATE TABLE disclosure_version (
    number {key},
    disclosure BIGINT NOT NULL REFERENCES disclosure (number),
    content_hash {text} NOT NULL REFERENCES document (content_hash),
    version {text} NOT NULL,
    updated BIGINT,
    received BIGINT NOT NULL,
    document {text} NOT NULL,
    warnings {text} NOT NULL,
    UNIQUE (disclosure, content_hash)
);

CREATE TABLE disclosure_vulnerability (
    disclosure BIGINT NOT NULL REFERENCES disclosure (number),
    vulnerability {text} NOT NULL,
    PRIMARY KEY (vulnerability, disclosure)
) {clustered};
CREATE INDEX vulnerability_of_disclosure ON disclosure_vulnerability (disclosure);

CREATE TABLE kev (
    vulnerability {text} NOT NULL PRIMARY KEY,
    date_added {text} NOT NULL,
    due_date {text} NOT NULL,
    ransomware {text} NOT NULL,
    required_action {text} NOT NULL
);

CREATE TABLE epss (
    vulnerability {text} NOT NULL PRIMARY KEY,
    score {real} NOT NULL,
    percentile {real} NOT NULL,
    date {text}
);

CREATE TABLE question (
    number {key},
    text {text} NOT NULL,
    who {text} NOT NULL,
    attribute {text} NOT NULL,
    UNIQUE (text, who, attribute)
);

-- Remediation texts, which thousands of verdicts share.
CREATE TABLE remediation (
    number {key},
    content_hash {text} NOT NULL UNIQUE,
    body {text} NOT NULL
);

-- Rank: 0 affected, 1 unknown, 2 not affected. A score that is not known is -1.
CREATE TABLE verdict (
    number {key},
    configuration BIGINT NOT NULL REFERENCES configuration (number),
    rank BIGINT NOT NULL,
    tracking_id {text} NOT NULL,
    vulnerability {text} NOT NULL,
    score {real} NOT NULL,
    question BIGINT REFERENCES question (number),
    remediation BIGINT NOT NULL REFERENCES remediation (number),
    body {text} NOT NULL
);
CREATE INDEX verdict_worst ON verdict (rank, score DESC, number);
CREATE INDEX verdict_of_configuration ON verdict (configuration, rank, score DESC, number);
CREATE INDEX verdict_of_disclosure ON verdict (tracking_id, rank, score DESC, number);
CREATE INDEX verdict_of_vulnerability ON verdict (vulnerability, rank, score DESC, number);
CREATE INDEX verdict_question ON verdict (question, configuration);

CREATE TABLE ingest (
    number {key},
    name {text} NOT NULL,
    kind {text} NOT NULL,
    content_hash {text} NOT NULL,
    at BIGINT NOT NULL,
    person {text} NOT NULL,
    records_read BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    skipped BIGINT NOT NULL
);
CREATE INDEX ingest_content ON ingest (content_hash, kind);
CREATE INDEX ingest_name ON ingest (kind, name, number);

CREATE TABLE ingest_skip (
    ingest BIGINT NOT NULL REFERENCES ingest (number),
    position BIGINT NOT NULL,
    path {text} NOT NULL,
    place {text} NOT NULL,
    reason {text} NOT NULL,
    answerable {text} NOT NULL,
    PRIMARY KEY (ingest, position)
) {clustered};

CREATE TABLE person (
    name {text} NOT NULL PRIMARY KEY,
    display_name {text} NOT NULL,
    role {text} NOT NULL,
    password_hash {text} NOT NULL,
    must_change_password BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE session (
    token_hash {text} NOT NULL PRIMARY KEY,
    person {text} NOT NULL REFERENCES person (name),
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person);

CREATE TABLE evidence (
    number {key},
    at BIGINT NOT NULL,
    actor {text} NOT NULL,
    action {text} NOT NULL,
    subject {text} NOT NULL,
    details {text} NOT NULL,
    previous_hash {text} NOT NULL,
    hash {text} NOT NULL
);
