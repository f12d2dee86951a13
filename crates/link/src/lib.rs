#![forbid(unsafe_code)]
//! Files and feeds in, events out. Decides nothing: finds input and reads it within bounds.

mod files;

pub use files::{
    DOCUMENT_BYTES_MAX, FILES_MAX, FOLDER_DEPTH_MAX, HEAD_BYTES, Input, ReadError, Walked,
    read_document, read_head, walk,
};
