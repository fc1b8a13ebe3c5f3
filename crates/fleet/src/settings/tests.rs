//! Where settings come from, and what is said of wrong ones.

use super::*;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

fn read(flags: &Connection, env: &[(&str, &str)]) -> Result<Settings, String> {
    let env = Environment::from_pairs(env.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    Settings::read(flags, env).map_err(|mistakes| mistakes.to_string())
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_flag_goes_before_a_variable_and_that_before_the_file() {
    let file = written(&format!("# mine\nconsole = \"http://file\"\ntoken = \"{TOKEN}\" # secret\n"));
    let path = file.path().to_str().unwrap();
    let settings = read(&Connection::default(), &[("FLEET_CONFIG", path)]).unwrap();
    assert_eq!((settings.console.as_str(), settings.token.expose_secret()), ("http://file", TOKEN));

    let env = [("FLEET_CONFIG", path), ("FLEET_CONSOLE", "http://env"), ("FLEET_TOKEN", OTHER)];
    let settings = read(&Connection::default(), &env).unwrap();
    assert_eq!((settings.console.as_str(), settings.token.expose_secret()), ("http://env", OTHER));

    let token = written(&format!("{TOKEN}\n"));
    let flags = Connection {
        console: Some("http://flag/".to_owned()),
        token_file: Some(token.path().to_owned()),
        config: None,
    };
    let settings = read(&flags, &env).unwrap();
    assert_eq!((settings.console.as_str(), settings.token.expose_secret()), ("http://flag", TOKEN));
}

#[test]
fn the_file_at_the_usual_place_need_not_be_there_and_a_named_one_must() {
    let home = tempfile::tempdir().unwrap();
    let env = [
        ("XDG_CONFIG_HOME", home.path().to_str().unwrap()),
        ("FLEET_CONSOLE", "http://a"),
        ("FLEET_TOKEN", TOKEN),
    ];
    assert!(read(&Connection::default(), &env).is_ok());
    let flags = Connection { config: Some(home.path().join("none")), ..Connection::default() };
    assert!(read(&flags, &env).unwrap_err().contains("none: "));

    std::fs::create_dir(home.path().join("ticketing")).unwrap();
    std::fs::write(home.path().join(FILE), "console = \"http://home\"").unwrap();
    let settings = read(&Connection::default(), &[env[0], env[2]]).unwrap();
    assert_eq!(settings.console.as_str(), "http://home");
}

#[test]
fn every_mistake_is_named_at_once_and_no_token_is_shown() {
    let file =
        written("console: x\ntokn = \"a\"\nconsole = http://a\ntoken = \"s3cret\"\ntoken = \"s3cret\"\n");
    let env = [("FLEET_CONFIG", file.path().to_str().unwrap()), ("FLEET_CONSOLE", "ftp://a")];
    let wrong = read(&Connection::default(), &env).unwrap_err();
    assert!(wrong.starts_with("6 mistakes in the settings:"), "{wrong}");
    for part in
        ["line 1: expected", "line 2: there is no key `tokn`", "line 3:", "line 5: `token` is there twice"]
    {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    assert!(
        wrong.contains("FLEET_CONSOLE: `ftp://a`") && wrong.contains("the token is too short"),
        "{wrong}"
    );
    assert!(!wrong.contains("s3cret"), "{wrong}");

    let wrong = read(&Connection::default(), &[]).unwrap_err();
    assert!(wrong.starts_with("2 mistakes") && wrong.contains("--console") && wrong.contains("--token-file"));
}

#[test]
fn a_token_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = written(&format!("console = \"http://a\"\ntoken = \"{TOKEN}\"\n"));
    let flags = Connection { config: Some(file.path().to_owned()), ..Connection::default() };
    assert!(read(&flags, &[]).unwrap().warnings.is_empty());
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = read(&flags, &[]).unwrap().warnings;
    assert!(warnings[0].contains("chmod 600"), "{warnings:?}");
}
