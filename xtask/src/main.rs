//! Chores that plain cargo lacks.
fn main() {}
