//! Prints the table of known differences: `cargo run -p close-notify-fuzz --example differences`.

fn main() {
    print!("{}", close_notify_fuzz::differential::table());
}
