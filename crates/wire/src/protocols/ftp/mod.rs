//! FTP: not read yet.
