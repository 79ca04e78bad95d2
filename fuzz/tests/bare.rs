//! Checks that the study of rustls alone still finds its known flaws. It runs in its own process,
//! because it silences panics.

use close_notify_fuzz::forged_peer::bare;

#[test]
fn rustls_alone_breaks_the_duties_that_it_is_known_to_break() {
    let found: Vec<&str> = bare::study(1, 500).iter().map(|finding| finding.duty).collect();
    for duty in
        ["nothing-after-notify", "handback-exact", "fatal-is-an-error", "reply-at-once", "level-ignored-13"]
    {
        assert!(found.contains(&duty), "{duty} is not among {found:?}");
    }
    // rustls#959 is a debug assertion.
    assert_eq!(found.contains(&"panic"), cfg!(debug_assertions));
}
