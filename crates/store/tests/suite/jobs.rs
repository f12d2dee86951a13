//! Jobs: of all who ask, one gets it.

use crate::harness::for_each_store;
use crate::samples::at;

#[test]
fn a_job_is_held_by_one_until_it_is_done_or_its_time_is_over() {
    for_each_store(|store| {
        let take = |holder: &str, now: i64| {
            store.write(|tx| tx.take_job("decide", holder, at(now), at(now + 10))).unwrap()
        };
        let finish = |holder: &str, now: i64| {
            let next = at(now + 100);
            store
                .write(|tx| tx.finish_job("decide", holder, at(now), next, Ok("2 changes")))
                .unwrap()
        };
        assert!(take("a", 0));
        assert!(!take("b", 9), "a is at it");
        assert!(take("b", 10), "a took too long, or is gone");
        assert!(!finish("a", 11), "what a did late is not the result");
        assert!(finish("b", 12));
        assert!(!take("a", 111), "not due yet");
        let row = store.read(|tx| tx.jobs()).unwrap().remove(0);
        assert_eq!((row.ended, row.next_run, row.done), (Some(at(12)), at(112), true));
        assert_eq!((row.held_until, row.result.as_str()), (None, "2 changes"));
        assert!(take("a", 112));
        let failed = |now| {
            let outcome = Err("the disk is full");
            store.write(|tx| tx.finish_job("decide", "a", at(now), at(now + 5), outcome)).unwrap()
        };
        assert!(failed(113));
        let row = store.read(|tx| tx.jobs()).unwrap().remove(0);
        assert_eq!((row.done, row.result.as_str()), (false, "the disk is full"));
    });
}

#[test]
fn of_many_who_ask_at_once_one_gets_it() {
    for_each_store(|store| {
        let taken = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8)
                .map(|number| {
                    let holder = format!("hub {number}");
                    let ask = move || {
                        store.write(|tx| tx.take_job("decide", &holder, at(0), at(10))).unwrap()
                    };
                    scope.spawn(ask)
                })
                .collect();
            asking.into_iter().map(|one| one.join().unwrap()).filter(|got| *got).count()
        });
        assert_eq!(taken, 1);
    });
}
