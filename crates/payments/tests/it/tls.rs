//! The provider reached through TLS, with the certificates that the system trusts.

use std::{io, net::Ipv4Addr, sync::Arc};

use stripe_stand_in::StandIn;
use testkit::{Certificates, Nats, Postgres, ServiceProcess};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use crate::{
    api::{payment, send, session},
    platform::{READY, command},
    world::{BUYER, STRIPE_KEY},
};

/// What stands before the stand-in, which has no TLS; its address.
async fn tls_before(stripe: &StandIn, certificates: &Certificates) -> String {
    let chain = vec![CertificateDer::from_pem_file(certificates.path("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificates.path("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let target = stripe.url().strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(forward(acceptor.clone(), client, target.clone()));
        }
    });
    url
}

async fn forward(acceptor: TlsAcceptor, client: TcpStream, target: String) -> io::Result<(u64, u64)> {
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(target).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await
}

async fn pay(payments: &ServiceProcess, order: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        client.post(format!("{}/api/payments", payments.http_url())).header("cookie", session(BUYER));
    send(request, &payment(order, Some("tok_visa"))).await.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_trusted_if_the_system_trusts_it_and_nobody_else_sees_the_key() {
    let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
    let stripe = StandIn::builder().secret_key(STRIPE_KEY).start().await.unwrap();
    let certificates = Certificates::new().unwrap();
    let url = tls_before(&stripe, &certificates).await;
    let database = postgres.database().await.unwrap();
    let with = async |authority: &str| {
        let command = command(&nats, database.url(), &url).env("SSL_CERT_FILE", certificates.path(authority));
        let payments = command.name(authority).spawn().await.unwrap();
        payments.ready(READY).await.unwrap();
        payments
    };
    let stranger = with("other.pem").await;
    sqlx::raw_sql(
        "insert into orders (id, version, status, user_id, price, expires_at)
         values ('o-1', 0, 'created', 'buyer', 20, now() + interval '1 hour')",
    )
    .execute(&sqlx::PgPool::connect_lazy(database.url()).unwrap())
    .await
    .unwrap();
    assert_eq!(pay(&stranger, "o-1").await, 503, "{}", stranger.log());
    assert_eq!(stripe.ledger().len(), 0);
    stranger.kill().await.unwrap();
    let trusting = with("ca.pem").await;
    assert_eq!(pay(&trusting, "o-1").await, 201, "{}", trusting.log());
    assert_eq!(stripe.open_authorisations().len(), 1);
}
