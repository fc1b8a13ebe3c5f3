//! The signature, against an HMAC that is made by the definition of RFC 2104.

use sha2::{Digest as _, Sha256};
use stripe_stand_in::{StandIn, sign_webhook};

use crate::{
    receiver::{Receiver, SECRET},
    shop::Shop,
};

/// The block of SHA-256.
const BLOCK: usize = 64;

fn hmac(key: &[u8], message: &[u8]) -> String {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parts<'a>(header: &'a str, name: &str) -> Vec<&'a str> {
    header
        .split(',')
        .filter_map(|part| part.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn the_hmac_of_this_test_is_right() {
    // RFC 4231, test case 2.
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hmac(b"Jefe", b"what do ya want for nothing?"), expected);
}

#[test]
fn a_header_has_the_time_and_one_signature_for_each_secret() {
    let secrets = ["whsec_old".to_owned(), "whsec_new".to_owned()];
    let header = sign_webhook("{}", 1_700_000_000, &secrets);
    assert_eq!(parts(&header, "t"), ["1700000000"]);
    let expected = secrets.map(|secret| hmac(secret.as_bytes(), b"1700000000.{}"));
    assert_eq!(parts(&header, "v1"), expected);
    assert_eq!(parts(&header, "v0").len(), 1);
}

#[tokio::test]
async fn a_delivery_is_signed_over_its_very_bytes() {
    let receiver = Receiver::listen().await;
    let shop = Shop::with(StandIn::builder().webhook(&receiver.url, SECRET)).await;
    shop.authorised().await;
    for got in receiver.wait(3).await {
        let timestamp = parts(&got.signature, "t")[0];
        let signed = format!("{timestamp}.{}", got.body);
        assert_eq!(parts(&got.signature, "v1"), [hmac(SECRET.as_bytes(), signed.as_bytes())]);
        let age = common::clock::now().timestamp() - timestamp.parse::<i64>().unwrap();
        assert!((0..30).contains(&age), "{age}");
    }
}

#[tokio::test]
async fn while_a_secret_is_rolled_both_sign() {
    let receiver = Receiver::listen().await;
    let shop = Shop::with(StandIn::builder().webhook(&receiver.url, SECRET)).await;
    shop.stripe.set_webhook_secrets(vec!["whsec_the_second".to_owned(), SECRET.to_owned()]);
    shop.authorised().await;
    let got = receiver.wait(3).await;
    let signed = format!("{}.{}", parts(&got[0].signature, "t")[0], got[0].body);
    let expected = ["whsec_the_second", SECRET].map(|secret| hmac(secret.as_bytes(), signed.as_bytes()));
    assert_eq!(parts(&got[0].signature, "v1"), expected);
}
