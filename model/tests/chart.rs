//! Charts, as people read them.

use close_notify_model::chart::Chart;
use close_notify_model::check::judge::unhindered;
use close_notify_model::check::report::Scope;
use close_notify_model::check::subject::Subject;
use close_notify_model::check::subjects;

fn subject(name: &str) -> Subject {
    let scope = Scope { deep: false, only: vec![name.to_owned()] };
    subjects(&scope).pop().expect("a configuration of this name")
}

/// The chart of the first attack on a configuration.
fn attack(name: &str) -> Chart {
    let subject = subject(name);
    let finding = subject.explore(unhindered()).expect("it is explored whole");
    Chart::of(&subject, &finding.broken[0].path)
}

#[test]
fn a_silent_truncation_in_five_lines() {
    let text = attack("download/1.3/graceful/close-delimited/lenient").text();
    let lines: Vec<&str> = text.lines().map(|line| line.trim_matches([' ', '│'])).collect();
    assert_eq!(lines[1].trim_end_matches(' '), "◀─────────────── forged FIN ──────────────── ATTACKER");
    assert_eq!(lines[3], "├─ told: peer closed connection without sending TLS close_notify");
    assert!(text.contains("the WHOLE message"), "{text}");
}

#[test]
fn what_a_reset_destroys_is_told() {
    let text = attack("reject/1.3/hasty/busy/linux").text();
    assert!(text.contains("lost, never left its kernel: fatal alert"), "{text}");
}

#[test]
fn a_relay_has_three_lanes() {
    let text = attack("relay/1.3/abort/naive").text();
    let heads = text.lines().next().expect("a head");
    assert_eq!(heads.split_whitespace().collect::<Vec<_>>(), ["client", "relay", "origin"]);
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    for name in ["crossed/1.3/at-once-graceful", "relay/1.3/abort/naive", "no-deadline/1.3/graceful/cut"] {
        let text = attack(name).text();
        assert!(text.lines().all(|line| line.chars().count() <= 98), "{text}");
    }
}

#[test]
fn the_drawing_has_every_line_of_the_text() {
    let svg = attack("reject/1.3/hasty/busy/linux").svg();
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    assert!(svg.contains("lost, never left its kernel: fatal alert"));
}
