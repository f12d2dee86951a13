-- What was written as evidence or received as a document stays. The program never tries; these
-- stop anything else that holds the database by accident.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER evidence_stays BEFORE UPDATE OR DELETE ON evidence
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_not_emptied BEFORE TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER document_stays BEFORE UPDATE OR DELETE ON document
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER document_not_emptied BEFORE TRUNCATE ON document
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER disclosure_stays BEFORE DELETE ON disclosure
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER disclosure_not_emptied BEFORE TRUNCATE ON disclosure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER disclosure_version_stays BEFORE UPDATE OR DELETE ON disclosure_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER disclosure_version_not_emptied BEFORE TRUNCATE ON disclosure_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER ingest_stays BEFORE UPDATE OR DELETE ON ingest
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ingest_not_emptied BEFORE TRUNCATE ON ingest
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
