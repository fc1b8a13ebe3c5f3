//! A schedule on a Redis that is reached through TLS.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod support;

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};

use common::event::Id;
use expiration::{
    config::Settings,
    schedule::{Job, Schedule},
};
use process::config::{CaFile, Environment};
use support::{LONG, World};
use testkit::{Certificates, Redis};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// What stands before a Redis, because not every build of Redis has TLS.
struct Tls {
    url: String,
    certificates: Certificates,
}

impl Tls {
    async fn before(redis: &Redis) -> Self {
        let certificates = Certificates::new().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&certificates)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("rediss://{}", listener.local_addr().unwrap());
        let port = redis.port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(acceptor.clone(), client, port));
            }
        });
        Self { url, certificates }
    }

    fn authority(&self, name: &str) -> CaFile {
        CaFile::read(self.certificates.path(name).to_str().unwrap()).unwrap()
    }
}

fn server_config(certificates: &Certificates) -> ServerConfig {
    let chain = vec![CertificateDer::from_pem_file(certificates.path("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificates.path("server.key")).unwrap();
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()
}

async fn forward(acceptor: TlsAcceptor, client: TcpStream, port: u16) -> io::Result<(u64, u64)> {
    let mut client = acceptor.accept(client).await?;
    let mut redis = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    tokio::io::copy_bidirectional(&mut client, &mut redis).await
}

#[tokio::test]
async fn a_schedule_works_through_tls_with_a_certificate_of_the_named_authority() {
    let redis = Redis::start().await.unwrap();
    let tls = Tls::before(&redis).await;
    let schedule = Schedule::trusting(&tls.url, Some(&tls.authority("ca.pem")), "test").unwrap();
    let job = Job { id: Id::generate(), due_ms: 1 };
    assert_eq!(schedule.schedule(std::slice::from_ref(&job)).await.unwrap(), 1);
    let claim = schedule.claim_due(10, 1 << 42).await.unwrap().claim.unwrap();
    assert_eq!(claim.jobs, [job]);
    assert_eq!(schedule.complete(&claim).await.unwrap(), 1);
}

#[tokio::test]
async fn a_redis_with_a_certificate_of_anybody_else_is_not_used_and_the_reason_is_told() {
    let redis = Redis::start().await.unwrap();
    let tls = Tls::before(&redis).await;
    let other = tls.authority("other.pem");
    for ca in [Some(&other), None] {
        let schedule = Schedule::trusting(&tls.url, ca, "test").unwrap();
        let refused = schedule.schedule(&[Job { id: Id::generate(), due_ms: 1 }]).await.unwrap_err();
        assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");
    }
    assert_eq!(Schedule::new(&redis.url(), "test").unwrap().head().await.unwrap().jobs, 0);
}

#[tokio::test]
async fn a_worker_takes_the_authority_from_its_environment() {
    let world = World::start().await;
    let tls = Tls::before(&world.redis).await;
    let worker = world
        .command("encrypted")
        .env("REDIS_URL", &tls.url)
        .env("REDIS_CA_FILE", tls.certificates.path("ca.pem"))
        .spawn()
        .await
        .unwrap();
    worker.ready(LONG).await.unwrap();
}

#[tokio::test]
async fn a_worker_with_an_authority_that_is_no_file_ends_with_exit_64() {
    let worker = testkit::ServiceProcess::command("expiration")
        .env("REDIS_URL", "rediss://redis")
        .env("REDIS_CA_FILE", "/nowhere/ca.pem")
        .env("NATS_URL", "tls://nats")
        .env("NATS_CA_FILE", "/nowhere/nats-ca.pem")
        .spawn()
        .await
        .unwrap();
    assert_eq!(worker.wait_exit(Duration::from_secs(20)).await.unwrap().code(), Some(64));
    let told = worker.log();
    for mistake in ["REDIS_CA_FILE: `/nowhere/ca.pem`", "NATS_CA_FILE: `/nowhere/nats-ca.pem`", "2 mista"] {
        assert!(told.contains(mistake), "{mistake} is not in\n{told}");
    }
}

#[test]
fn an_authority_without_tls_is_a_mistake_and_so_is_to_trust_anybody() {
    let certificates = Certificates::new().unwrap();
    let ca_file = certificates.path("ca.pem");
    for (name, value, told) in [
        ("REDIS_URL", "redis://:hunter2@redis", "REDIS_CA_FILE: is of no use without TLS"),
        ("REDIS_HOST", "redis", "REDIS_CA_FILE: is of no use without TLS"),
        ("REDIS_URL", "rediss://:hunter2@redis/#insecure", "REDIS_URL: ends in #insecure"),
    ] {
        let mut env = Environment::from_pairs([(name, value), ("REDIS_CA_FILE", ca_file.to_str().unwrap())]);
        let settings = Settings::read(&mut env);
        let mistakes = env.finish(settings).unwrap_err().to_string();
        assert!(mistakes.starts_with("1 mistake ") && mistakes.contains(told), "{mistakes}");
        assert!(!mistakes.contains("hunter2"), "{mistakes}");
    }
}
