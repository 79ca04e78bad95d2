//! Writes the explorer's suite into a folder, as inputs of the target `lockstep`: the start of a
//! new corpus.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use close_notify_replay::input_of;

fn main() -> ExitCode {
    let Some(folder) = env::args().nth(1) else {
        eprintln!("usage: suite FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(count) => {
            println!("{count} inputs written to {folder}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes one file for each path, named after its configuration; every third moves few bytes per
/// call.
fn write(folder: &Path) -> std::io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut count = 0;
    for (number, path) in close_notify_replay::generate().iter().enumerate() {
        let chunk = if number % 3 == 0 { 1 + (number % 29) as u8 } else { 0 };
        if let Ok(input) = input_of(path, chunk) {
            fs::write(folder.join(format!("{}-{number:04}", path.config.replace('/', "-"))), input)?;
            count += 1;
        }
    }
    Ok(count)
}
