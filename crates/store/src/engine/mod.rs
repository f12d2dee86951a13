//! The two databases behind one behaviour: opening, transactions, values, the schema.

pub(crate) mod backup;
pub(crate) mod catalogue;
pub(crate) mod conditions;
pub(crate) mod error;
pub(crate) mod migrate;
pub(crate) mod postgres;
pub(crate) mod settings;
pub(crate) mod sight;
pub(crate) mod sql;
pub(crate) mod sqlite;
pub(crate) mod store;
pub(crate) mod tx;
pub(crate) mod url;
