//! Use cases: authorize, load, decide, store, in one transaction.
