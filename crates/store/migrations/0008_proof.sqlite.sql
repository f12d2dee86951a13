CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'rows of checkpoint are never changed or removed');
END;

CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'rows of checkpoint are never changed or removed');
END;

CREATE TRIGGER evidence_text_no_update BEFORE UPDATE ON evidence_text
BEGIN
    SELECT RAISE(ABORT, 'rows of evidence_text are never changed or removed');
END;

CREATE TRIGGER evidence_text_no_delete BEFORE DELETE ON evidence_text
BEGIN
    SELECT RAISE(ABORT, 'rows of evidence_text are never changed or removed');
END;
