//! A new migration is a new file, which cargo does not see by itself.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
