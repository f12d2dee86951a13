CREATE TRIGGER device_history_stays BEFORE UPDATE OR DELETE ON device_history
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER device_history_not_emptied BEFORE TRUNCATE ON device_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
