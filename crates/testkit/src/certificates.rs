//! Certificates of authorities that nobody else trusts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// `server.pem` with `server.key` for 127.0.0.1, signed by `ca.pem`; `other.pem` is another authority of the same name. The
/// files are gone when it is dropped.
#[derive(Debug)]
pub struct Certificates(TempDir);

impl Certificates {
    /// Makes them again.
    ///
    /// # Errors
    /// When the files can't be written.
    pub fn new() -> Result<Self> {
        let directory = tempfile::tempdir().context("make a directory for certificates")?;
        let write = |name: &str, text: String| {
            fs::write(directory.path().join(name), text).with_context(|| format!("write {name}"))
        };
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let (key, other_key) = (KeyPair::generate()?, KeyPair::generate()?);
        write("ca.pem", authority.self_signed(&key)?.pem())?;
        write("other.pem", authority.self_signed(&other_key)?.pem())?;
        let server_key = KeyPair::generate()?;
        let server = CertificateParams::new([String::from("127.0.0.1")])?;
        write("server.pem", server.signed_by(&server_key, &Issuer::new(authority, key))?.pem())?;
        write("server.key", server_key.serialize_pem())?;
        Ok(Self(directory))
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        self.0.path()
    }

    /// One of the files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }
}
