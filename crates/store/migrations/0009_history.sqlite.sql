CREATE TRIGGER device_history_no_update BEFORE UPDATE ON device_history
BEGIN
    SELECT RAISE(ABORT, 'rows of device_history are never changed or removed');
END;

CREATE TRIGGER device_history_no_delete BEFORE DELETE ON device_history
BEGIN
    SELECT RAISE(ABORT, 'rows of device_history are never changed or removed');
END;
