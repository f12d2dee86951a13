CREATE TRIGGER checkpoint_stays BEFORE UPDATE OR DELETE ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_not_emptied BEFORE TRUNCATE ON checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER evidence_text_stays BEFORE UPDATE OR DELETE ON evidence_text
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_text_not_emptied BEFORE TRUNCATE ON evidence_text
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
