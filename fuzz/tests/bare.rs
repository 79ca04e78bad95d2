//! The study of rustls by itself still finds what it is known for: in a process of its own, for it
//! silences panics.

use close_notify_fuzz::forged_peer::bare;

#[test]
fn rustls_by_itself_breaks_the_duties_that_it_is_known_for() {
    let found: Vec<&str> = bare::study(1, 500).iter().map(|finding| finding.duty).collect();
    for duty in
        ["nothing-after-notify", "handback-exact", "fatal-is-an-error", "reply-at-once", "level-ignored-13"]
    {
        assert!(found.contains(&duty), "{duty} is not among {found:?}");
    }
    // rustls#959 is a debug assertion.
    assert_eq!(found.contains(&"panic"), cfg!(debug_assertions));
}
