//! What two do at once: a password that is changed while it is being checked.

use std::sync::Barrier;

use hub::{Caller, SignIn};
use model::Secret;

use crate::house::{House, NOW};

/// A password that ends with a reset opens nothing that outlives the reset, and a change that began
/// before the reset does not undo it.
#[test]
fn a_reset_stands_whatever_overlaps_it() {
    let house = House::new();
    let (name, password) = house.hub.demo_account(NOW).unwrap();
    let enter = |password: &Secret| {
        house
            .hub
            .sign_in(&SignIn { name: name.clone(), password: password.clone(), source: None }, NOW)
    };
    let mut current = password;
    for round in 0..4 {
        let caller = enter(&current).unwrap().caller;
        let chosen = Secret::new(format!("correct horse battery {round}"));
        let start = Barrier::new(3);
        let (opened, reset) = std::thread::scope(|scope| {
            let opening = scope.spawn(|| {
                start.wait();
                enter(&current).ok()
            });
            let changing = scope.spawn(|| {
                start.wait();
                house.hub.change_password(&caller, &current, &chosen, NOW)
            });
            start.wait();
            let reset = house.hub.reset_password(&Caller::console(), &name, NOW).unwrap();
            let _ = changing.join().unwrap();
            (opening.join().unwrap(), reset)
        });
        assert!(enter(&chosen).is_err(), "round {round}: the change undid the reset");
        if let Some(session) = opened {
            let held = house.hub.caller(&session.token, NOW);
            assert!(held.is_err(), "round {round}: the old password's session survived");
        }
        let first = enter(&reset).unwrap().caller;
        current = Secret::new(format!("a quiet ward at night {round}"));
        house.hub.change_password(&first, &reset, &current, NOW).unwrap();
    }
}
