//! PHC strings: how a password is stored, and what it takes to make and to check one.

use std::time::Instant;

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{Error, Result},
};
use metrics::histogram;

use super::Verdict;

/// OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Of a password that nobody has, with the parameters above: an unknown account costs as much time as a known one.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$jqPW8VwiDWG9AaW7qyQfXg$b7q9O79Vxoe12zdhCpP/XeZoaA5Uayd+6fR4+uIkDVI";

/// The string of a new password, with a salt of its own.
pub(super) fn hash(password: &str) -> Result<String> {
    let hash: PasswordHash = measured(|argon2| argon2.hash_password(password.as_bytes()))?;
    Ok(hash.to_string())
}

/// Whether `stored` is of this password; without one the same work is done for nothing.
pub(super) fn verify(password: &str, stored: Option<&str>) -> Result<Verdict> {
    let hash = PasswordHash::new(stored.unwrap_or(NOBODYS)).map_err(|_| Error::EncodingInvalid)?;
    match measured(|argon2| argon2.verify_password(password.as_bytes(), &hash)) {
        Ok(()) if stored.is_some() => Ok(Verdict::Right { weak: is_weak(&hash)? }),
        Ok(()) | Err(Error::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(error) => Err(error),
    }
}

/// Around the work itself and nothing else: the count of it is how a test knows that it was done.
fn measured<T>(work: impl FnOnce(Argon2<'static>) -> T) -> T {
    let started = Instant::now();
    let answer = work(argon2());
    histogram!("password_hash_seconds").record(started.elapsed().as_secs_f64());
    answer
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
    // Constants within the limits, so the fallback, which says the same, is never taken.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.unwrap_or_default())
}

fn is_weak(hash: &PasswordHash) -> Result<bool> {
    let params = Params::try_from(hash)?;
    let old = hash.algorithm != Algorithm::Argon2id.ident() || hash.version != Some(Version::V0x13.into());
    Ok(old || params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(algorithm: Algorithm, memory_kib: u32, passes: u32) -> String {
        let argon2 =
            Argon2::new(algorithm, Version::V0x13, Params::new(memory_kib, passes, 1, None).unwrap());
        let hash: PasswordHash = argon2.hash_password(b"s3cret").unwrap();
        hash.to_string()
    }

    #[test]
    fn a_password_is_right_for_its_own_hash_only_and_never_hashed_the_same_twice() {
        let (one, two) = (hash("s3cret").unwrap(), hash("s3cret").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        for hash in [&one, &two] {
            assert_eq!(verify("s3cret", Some(hash)), Ok(Verdict::Right { weak: false }));
        }
        for wrong in ["", "s3cre", "s3cret ", "S3cret", "s3cret\0"] {
            assert_eq!(verify(wrong, Some(&one)), Ok(Verdict::Wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_of_weaker_parameters_is_to_be_replaced() {
        for (hash, weak) in [
            (with(Algorithm::Argon2id, MEMORY_KIB, PASSES), false),
            (with(Algorithm::Argon2id, MEMORY_KIB + 1, PASSES), false),
            (with(Algorithm::Argon2id, MEMORY_KIB - 1, PASSES), true),
            (with(Algorithm::Argon2id, MEMORY_KIB, PASSES - 1), true),
            (with(Algorithm::Argon2i, MEMORY_KIB, PASSES), true),
        ] {
            assert_eq!(verify("s3cret", Some(&hash)), Ok(Verdict::Right { weak }), "{hash}");
        }
    }

    #[test]
    fn nobody_has_nobodys_password_and_it_takes_as_much_work_as_any() {
        let hash = PasswordHash::new(NOBODYS).unwrap();
        let own: PasswordHash = argon2().hash_password(b"x").unwrap();
        assert_eq!((hash.algorithm, hash.version, &hash.params), (own.algorithm, own.version, &own.params));
        let length = |hash: &PasswordHash| (hash.salt.unwrap().len(), hash.hash.unwrap().len());
        assert_eq!(length(&hash), length(&own));
        assert_eq!(verify("x", None), Ok(Verdict::Wrong));
    }

    #[test]
    fn a_stored_hash_that_can_not_be_read_is_an_error_and_no_wrong_password() {
        let scrypt = "$scrypt$ln=1$c2FsdHNhbHQ$aGFzaGhhc2g";
        for stored in ["", "s3cret", "$argon2id$", "$2b$10$abcdefghijklmnopqrstuv", scrypt] {
            let answer = verify("s3cret", Some(stored));
            assert!(answer.is_err(), "{stored}: {answer:?}");
        }
    }
}
