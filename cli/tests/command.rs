//! The built command: what it prints, and its exit status. Small configurations only.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use close_notify_model::check::report::{Replayed, Report, Run};

/// A small family, which has an attack.
const SMALL: [&str; 2] = ["--config", "reject/1.3/"];

fn run(args: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_close-notify")).args(args).stdin(Stdio::null()).output();
    output.expect("the command starts")
}

fn stdout(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a misuse prints on stderr. Nothing goes to stdout.
fn misuse(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn report(args: &[&str]) -> Report {
    let args: Vec<&str> = ["check", "--json"].iter().chain(args).copied().collect();
    serde_json::from_str(&stdout(&args)).expect("a report")
}

fn without_times(report: Report) -> Report {
    Report { run: Run { jobs: 0, seconds: 0.0, states_per_second: 0.0, mistake_states: 0 }, ..report }
}

/// A file that only this test uses.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

mod check {
    use super::*;

    #[test]
    fn prints_the_table_the_attack_and_the_sums() {
        let text = stdout(&["check", SMALL[0], SMALL[1]]);
        for part in [
            "TLS 1.3",
            "broken ①",
            "alert-survives-close",
            "fatal alert",
            "the claim that breaks: in an orderly network a fatal alert",
            "every verdict is the expected one",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 105), "{text}");
        assert!(text.starts_with("holds "), "no legend above the table");
        assert!(text.lines().all(|line| line == line.trim_end()), "blanks at the end of a line in\n{text}");
        assert!(!text.contains("duties ") && !text.contains("planted mistakes"), "{text}");
        assert!(!text.contains('\u{1b}'), "colours in a pipe");
    }

    #[test]
    fn tells_its_verdicts_as_json() {
        let report = report(&SMALL);
        assert_eq!(report.schema, close_notify_model::check::report::SCHEMA);
        assert_eq!(report.configurations.len(), 8);
        assert!(report.is_fine());
    }

    #[test]
    fn tries_the_mistakes_of_the_configurations_that_it_explores() {
        let report = report(&["--config", "mutants/1.3/reject"]);
        assert!(report.totals.mistakes >= 5);
        assert_eq!(report.totals.caught, report.totals.mistakes);
    }

    #[test]
    fn takes_the_attacks_on_real_rustls() {
        let report = report(&SMALL);
        assert_eq!(report.replays.len(), 3, "an attack over each transport");
        assert!(
            report.replays.iter().all(|replay| replay.outcome == Replayed::Taken),
            "{:?}",
            report.replays
        );
    }

    #[test]
    fn writes_a_page() {
        let page = file("page.html");
        stdout(&["check", SMALL[0], SMALL[1], "--html", page.to_str().expect("UTF-8")]);
        let html = std::fs::read_to_string(page).expect("a page");
        assert!(
            html.contains("<svg")
                && html.contains("alert-survives-close")
                && html.contains("every verdict is")
        );
    }

    #[test]
    fn names_what_it_would_explore() {
        let text = stdout(&["check", "--list", SMALL[0], SMALL[1]]);
        assert_eq!(text.lines().count(), 8);
        assert!(text.contains("breaks alert-survives-close"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let said = misuse(&["check", "--config", "reject/1.3/hasty/busy/linx"]);
        assert!(said.contains("reject/1.3/hasty/busy/linux"), "{said}");
    }

    #[test]
    fn a_prefix_needs_no_slash_at_its_end() {
        let named = stdout(&["check", "--list", "--config", "reject/1.3"]);
        assert_eq!(named, stdout(&["check", "--list", "--config", "reject/1.3/"]));
        misuse(&["check", "--config", "reject/1."]);
    }

    #[test]
    fn a_family_is_among_the_nearest() {
        let said = misuse(&["check", "--config", "abrot"]);
        assert!(said.contains("\n  abort/\n"), "{said}");
    }

    #[test]
    fn a_shard_out_of_range_is_told_the_range() {
        assert!(misuse(&["check", "--shard", "5/4"]).contains("1 to 4"));
        assert!(misuse(&["check", "--shard", "0/4"]).contains("1 to 4"));
        assert!(misuse(&["check", "--shard", "1/0"]).contains("N must be at least 1"));
        assert!(misuse(&["check", "--shard", "nonsense"]).contains("K/N"));
    }

    #[test]
    fn a_page_that_cannot_be_written_is_a_misuse() {
        let output = run(&["check", SMALL[0], SMALL[1], "--html", "/nowhere/page.html"]);
        assert_eq!(output.status.code(), Some(2));
    }
}

mod merge {
    use super::*;

    fn shard(part: &str, of: &str) -> String {
        let args = ["check", "--json", SMALL[0], SMALL[1], "--shard", &format!("{part}/{of}")];
        let path = file(&format!("shard-{part}-of-{of}-{:?}.json", std::thread::current().id()));
        std::fs::write(&path, stdout(&args)).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn shards_make_the_report_of_the_whole() {
        let parts: Vec<String> = ["3", "1", "2"].iter().map(|part| shard(part, "3")).collect();
        let merged = report(&["--merge", &parts[0], &parts[1], &parts[2]]);
        assert_eq!(without_times(merged), without_times(report(&SMALL)));
    }

    #[test]
    fn a_missing_shard_is_named() {
        let first = shard("1", "2");
        assert!(misuse(&["check", "--merge", &first]).contains("shards 1 to 2"));
        assert!(misuse(&["check", "--merge", &first, &first]).contains("[1, 1]"));
    }

    #[test]
    fn a_file_that_is_no_report_is_a_misuse() {
        let path = file("broken.json");
        std::fs::write(&path, "{\"schema\": ").expect("a file");
        let said = misuse(&["check", "--merge", path.to_str().expect("UTF-8")]);
        assert!(said.contains("broken.json") && said.contains("docs/check-report.md"), "{said}");
        assert!(misuse(&["check", "--merge", "nowhere.json"]).contains("nowhere.json"));
    }

    #[test]
    fn json_of_another_shape_or_schema_is_told_so() {
        let path = file("shape.json");
        for (json, why) in [
            ("[]", "not a report of `close-notify check"),
            ("{\"schema\": 1, \"path\": []}", "not a report of `close-notify check"),
            (
                "{\"schema\": 2, \"configurations\": [], \"totals\": {}}",
                "schema 2 is unknown: this version reads schema 1",
            ),
        ] {
            std::fs::write(&path, json).expect("a file");
            let said = misuse(&["check", "--merge", path.to_str().expect("UTF-8")]);
            assert!(said.contains(why), "{json}: {said}");
        }
    }
}

#[test]
fn list_names_every_configuration() {
    let text = stdout(&["list"]);
    assert!(text.lines().count() >= 300);
    assert!(text.contains("download/1.3/graceful/close-delimited/lenient"));
}

#[test]
fn the_glossary_has_every_word_of_the_names() {
    let glossary = include_str!("../../docs/configurations.md");
    let names = stdout(&["list"]) + &stdout(&["list", "--deep"]);
    let has = |word: &str| glossary.contains(&format!("`{word}`"));
    for name in names.lines().filter_map(|line| line.split_whitespace().next()) {
        let mut words = name.split('/');
        let family = words.next().unwrap_or_default();
        assert!(has(family), "{family} in {name}");
        let words = words.skip(1).filter(|_| !family.ends_with("crossed"));
        words.for_each(|word| assert!(has(word), "{word} in {name}"));
    }
}

#[test]
fn requirements_finds_a_check_for_every_duty() {
    let text = stdout(&["requirements"]);
    assert!(text.contains("notify-before-fin") && text.contains("0 by nothing"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&stdout(&["requirements", "--json"])).expect("JSON");
    assert!(json["duties"].as_array().is_some_and(|duties| duties.len() > 40));
}

mod replay {
    use super::*;

    const PATH: &str = r#"{"schema": 1, "config": "reject/1.3/hasty/quiet/linux", "path": [{"do": "close", "side": "server"}]}"#;

    fn path(name: &str, json: &str) -> String {
        let path = file(name);
        std::fs::write(&path, json).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    #[test]
    fn takes_a_path_on_real_rustls() {
        let text = stdout(&["replay", "--over", "memory", &path("path.json", PATH)]);
        assert!(text.contains("1 of 1 taken"), "{text}");
    }

    #[test]
    fn takes_a_list_of_paths() {
        let list = path("paths.json", &format!("[{PATH}, {PATH}]"));
        assert!(stdout(&["replay", "--over", "memory", &list]).contains("2 of 2 taken"));
    }

    #[test]
    fn draws_a_fuzz_input_and_takes_it() {
        let parsed = close_notify_replay::Path::parse(PATH).unwrap();
        let input = file("input");
        std::fs::write(&input, close_notify_replay::input_of(&parsed, 3).unwrap()).expect("a file");
        let text = stdout(&["replay", "--over", "memory", input.to_str().expect("UTF-8")]);
        assert!(text.contains("application rejects the connection: certificate_required"), "{text}");
        assert!(text.contains("1 of 1 taken"), "{text}");
        let drawn = stdout(&["replay", "--over", "memory", "--chart", &path("path.json", PATH)]);
        assert_eq!(drawn.lines().nth(1), text.lines().nth(1));
    }

    #[test]
    fn what_is_no_path_is_a_misuse() {
        assert!(misuse(&["replay", &path("half.json", "{")]).contains("half.json"));
        for (name, data, said) in
            [("short", &b"\x02\x00"[..], "at least six bytes"), ("other", b"\xff", "the byte 2")]
        {
            let input = file(name);
            std::fs::write(&input, data).expect("a file");
            assert!(misuse(&["replay", input.to_str().expect("UTF-8")]).contains(said));
        }
        let lost = PATH.replace("quiet/linux", "quiet/nowhere");
        let said = misuse(&["replay", &path("lost.json", &lost)]);
        assert!(
            said.contains("quiet/nowhere") && said.contains("\n  reject/1.3/hasty/quiet/linux"),
            "{said}"
        );
        assert!(misuse(&["replay", &path("empty.json", "[]")]).contains("no path in it"));
        let early = PATH.replace("close", "read");
        assert!(misuse(&["replay", &path("early.json", &early)]).contains("possible:"));
        assert!(misuse(&["replay", "--over", "pigeon", "x.json"]).contains("memory, smoltcp or kernel"));
    }
}

#[test]
fn explore_needs_a_configuration_that_there_is() {
    assert!(misuse(&["explore", "download/1.3"]).contains("download/1.3/"));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_close-notify"))
        .arg("list")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
