//! A file with the certificates of an authority that is not among the system's.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

const EXPECTED: &str =
    "expected the path of a PEM file with the CA certificates that sign the server's certificate";

/// A PEM file with CA certificates, and what was in it at the start. `Debug` shows the path only.
#[derive(Clone)]
pub struct CaFile {
    path: PathBuf,
    pem: Vec<u8>,
}

impl CaFile {
    /// Reads a file and judges what is in it.
    ///
    /// # Errors
    /// When there is no certificate in it, or something that is none; the text names the path and what is expected.
    pub fn read(path: &str) -> Result<Self, String> {
        let pem = fs::read(path).map_err(|error| format!("`{path}` can't be read ({error}); {EXPECTED}"))?;
        check(&pem).map_err(|wrong| format!("`{path}` {wrong}; {EXPECTED}"))?;
        Ok(Self { path: path.into(), pem })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was in it at the start.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }
}

impl fmt::Debug for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CaFile").field(&self.path).finish()
    }
}

fn check(pem: &[u8]) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("is not PEM ({error})"))?;
        let number = roots.len() + 1;
        roots
            .add(certificate)
            .map_err(|error| format!("holds, as number {number}, what is no certificate ({error})"))?;
    }
    if roots.is_empty() { Err("holds no certificate".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn certificate() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        (CertificateParams::default().self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn read(content: &str) -> Result<CaFile, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), content).unwrap();
        let path = file.path().to_str().unwrap();
        CaFile::read(path).inspect_err(|wrong| {
            assert!(wrong.contains(path) && wrong.ends_with(EXPECTED), "{wrong}");
        })
    }

    #[test]
    fn a_file_with_one_or_more_certificates_is_taken() {
        let ((one, key), (other, _)) = (certificate(), certificate());
        for content in [one.clone(), format!("{one}{other}"), format!("{key}# a comment\n{one}")] {
            assert_eq!(read(&content).unwrap().pem(), content.as_bytes());
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        let (one, key) = certificate();
        let cut = &one[..one.len() / 2];
        let no_certificate = "-----BEGIN CERTIFICATE-----\naGk=\n-----END CERTIFICATE-----\n";
        for (content, told) in [
            ("", "holds no certificate"),
            ("not PEM", "holds no certificate"),
            (key.as_str(), "holds no certificate"),
            (cut, "is not PEM"),
            (&format!("{one}{no_certificate}"), "as number 2"),
        ] {
            let wrong = read(content).unwrap_err();
            assert!(wrong.contains(told), "{content}: {wrong}");
        }
    }

    #[test]
    fn what_is_no_readable_file_is_refused() {
        for path in ["/nowhere/ca.pem", "/"] {
            let wrong = CaFile::read(path).unwrap_err();
            assert!(
                wrong.starts_with(&format!("`{path}` can't be read")) && wrong.ends_with(EXPECTED),
                "{wrong}"
            );
        }
    }
}
