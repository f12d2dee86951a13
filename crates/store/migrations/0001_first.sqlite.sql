-- What was written as evidence or received as a document stays. The program never tries; these
-- stop anything else that holds the database by accident.

CREATE TRIGGER evidence_no_update BEFORE UPDATE ON evidence
BEGIN
    SELECT RAISE(ABORT, 'rows of evidence are never changed or removed');
END;

CREATE TRIGGER evidence_no_delete BEFORE DELETE ON evidence
BEGIN
    SELECT RAISE(ABORT, 'rows of evidence are never changed or removed');
END;

CREATE TRIGGER document_no_update BEFORE UPDATE ON document
BEGIN
    SELECT RAISE(ABORT, 'rows of document are never changed or removed');
END;

CREATE TRIGGER document_no_delete BEFORE DELETE ON document
BEGIN
    SELECT RAISE(ABORT, 'rows of document are never changed or removed');
END;

CREATE TRIGGER disclosure_no_delete BEFORE DELETE ON disclosure
BEGIN
    SELECT RAISE(ABORT, 'rows of disclosure are never changed or removed');
END;

CREATE TRIGGER disclosure_version_no_update BEFORE UPDATE ON disclosure_version
BEGIN
    SELECT RAISE(ABORT, 'rows of disclosure_version are never changed or removed');
END;

CREATE TRIGGER disclosure_version_no_delete BEFORE DELETE ON disclosure_version
BEGIN
    SELECT RAISE(ABORT, 'rows of disclosure_version are never changed or removed');
END;

CREATE TRIGGER ingest_no_update BEFORE UPDATE ON ingest
BEGIN
    SELECT RAISE(ABORT, 'rows of ingest are never changed or removed');
END;

CREATE TRIGGER ingest_no_delete BEFORE DELETE ON ingest
BEGIN
    SELECT RAISE(ABORT, 'rows of ingest are never changed or removed');
END;
