//! Where a service's database is.

use process::config::Environment;
use secrecy::ExposeSecret as _;

use crate::hosts::{Hosts, InvalidHosts};

const EXPECTED: &str = "the address of a Postgres database such as postgres://user:password@host:5432/orders";

/// Reads `DATABASE_URL`. Mistakes stay with `env`, without the password.
pub fn database_url(env: &mut Environment) -> Option<Hosts> {
    let url = env.required_secret("DATABASE_URL", "Postgres, a database for each service; encrypted with `?sslmode=verify-full&sslrootcert=/path/ca.pem`; of several hosts (`one:5432,two:5432`) the one that takes writes is used", EXPECTED, |url| url.parse::<Hosts>().map(drop).map_err(|InvalidHosts(why)| why))?;
    url.expose_secret().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        for url in ["mysql://u:s3cret@db/orders", "postgres://u:s3cret@db:port/orders", "s3cret"] {
            let mut env = Environment::from_pairs([("DATABASE_URL", url)]);
            let database = database_url(&mut env);
            let mistakes = env.finish(database).map(drop).unwrap_err().to_string();
            assert!(mistakes.contains("DATABASE_URL") && !mistakes.contains("s3cret"), "{mistakes}");
        }
    }

    #[test]
    fn an_address_is_read_as_it_stands() {
        let mut env = Environment::from_pairs([("DATABASE_URL", " postgres://u:pass@db/orders\n")]);
        assert_eq!(database_url(&mut env).unwrap().get(0).get_database(), Some("orders"));
    }
}
