//! Which role may do which operation: one line for each operation of the API, each page and each use
//! case of the hub, made from the tables that the routes and the hub themselves are held to.

use std::fmt::Write as _;

use hub::{Asks, OPERATIONS, Role};

use crate::api::operations::OPERATIONS as API;
use crate::routes::ROUTES;

/// The matrix as text.
pub fn access_matrix() -> String {
    let mut text = LEGEND.to_owned();
    line(&mut text, "", "", Role::ALL.iter().map(|role| role.name()));
    for route in ROUTES {
        let operation = API.iter().find(|one| one.method == route.method && one.path == route.path);
        let address = format!("{} {}", route.method.to_uppercase(), route.path);
        let name = operation.map_or("page", |operation| operation.id);
        line(&mut text, name, &address, marks(route.asks));
    }
    for operation in OPERATIONS {
        let address = format!("hub.{}", operation.name);
        line(
            &mut text,
            if operation.acts { "act" } else { "view" },
            &address,
            marks(operation.asks),
        );
    }
    text
}

fn marks(asks: Asks) -> impl Iterator<Item = &'static str> {
    Role::ALL.iter().map(move |role| asks.mark(*role))
}

fn line<'a>(text: &mut String, name: &str, address: &str, cells: impl Iterator<Item = &'a str>) {
    let mut one = format!("{name:22}{address:42}");
    for cell in cells {
        // Writing to a `String` cannot fail.
        let _ = write!(one, "{cell:10}");
    }
    text.push_str(one.trim_end());
    text.push('\n');
}

/// What the marks say.
const LEGEND: &str = "\
yes    as far as what was granted reaches: everywhere, or some sites and departments
house  only where the role was granted everywhere
own    whoever is signed in, about themselves
all    whoever can reach the hub
-      refused

";

#[cfg(test)]
mod tests {
    use super::*;

    /// A change here is a change of who may do what. `UPDATE_GOLDEN=1 cargo test -p web matrix`
    /// writes the file anew.
    #[test]
    fn the_matrix_is_the_one_that_was_agreed_on() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/access-matrix.txt");
        let text = access_matrix();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(place, &text).unwrap();
        }
        let agreed = std::fs::read_to_string(place).unwrap_or_default();
        assert_eq!(agreed, text, "{place} differs");
        for operation in API {
            assert!(text.lines().any(|line| line.starts_with(operation.id)), "{}", operation.id);
        }
    }
}
