//! The guide keeps its promises: the texts that people search for are headings, and the tests that
//! it names exist.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../docs/error_texts.md");

/// The texts that people search for when they see one of these ends.
const SEARCHED: [&str; 12] = [
    "peer closed connection without sending TLS close_notify",
    "unexpected eof while reading",
    "GnuTLS error -110",
    "closing inbound before receiving peer's close_notify",
    "Connection reset by peer",
    "Broken pipe",
    "SSL shutdown timed out",
    "busy loop at half-close",
    "last response is lost at a graceful shutdown",
    "StopTLS",
    "CCC",
    "Log floods",
];

fn headings() -> impl Iterator<Item = &'static str> {
    let prose = PAGE.split("```").step_by(2);
    prose.flat_map(str::lines).filter_map(|line| line.strip_prefix("# "))
}

/// The anchor that rustdoc makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

#[test]
fn every_text_that_is_searched_for_is_a_heading() {
    for text in SEARCHED {
        assert!(headings().any(|heading| heading.contains(text)), "{text}");
    }
}

#[test]
fn the_table_of_the_page_leads_to_its_headings() {
    let links: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](#"))
        .filter_map(|(_, rest)| rest.split_once(')'))
        .map(|(link, _)| link)
        .collect();
    assert_eq!((links.len(), headings().count()), (10, 10));
    for link in links {
        assert!(headings().any(|heading| anchor(heading) == link), "{link}");
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let mut named = 0;
    for list in PAGE.split("(`tests/").skip(1).filter_map(|rest| rest.split_once(')')) {
        let mut file = String::new();
        let quoted = format!("`tests/{}", list.0);
        for name in quoted.split('`').skip(1).step_by(2) {
            if name.starts_with("tests/") {
                let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
                file = fs::read_to_string(path).expect("a file of tests");
            } else {
                named += 1;
                assert!(file.contains(&format!("fn {name}()")), "{name}");
            }
        }
    }
    assert!(named >= 10, "{named}");
}
