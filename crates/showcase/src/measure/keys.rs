//! Keys that are pressed from `/` to a paid order by somebody who is signed in and has no mouse. Digits of the card are typed on
//! the provider's page and are not counted.

use anyhow::Result;
use platform::Shopper;
use testkit::browser::Key;

use super::table::Row;
use crate::scene::Scene;

const MOST: f64 = 39.0;

/// Tab after Tab, and Enter.
///
/// # Errors
/// When that does not lead to a paid order.
pub(super) async fn measure(scene: &Scene) -> Result<Row> {
    let buyer = scene.shopper().await?;
    buyer.sign_up("keys").await?;
    buyer.forget();
    buyer.press(Key::Tab).await?;
    buyer.press(Key::Enter).await?;
    for target in ["#tickets a:not(.taken)", Shopper::BUY, Shopper::PAY] {
        buyer.tab_to(target, 30).await?;
        buyer.follow(async || buyer.press(Key::Enter).await).await?;
    }
    let mut typed = 0;
    for (field, text) in [("#number", Shopper::GOOD_CARD), ("#expiry", "12/40"), ("#cvc", "123")] {
        buyer.tab_to(field, 5).await?;
        buyer.write(text).await?;
        typed += text.len();
    }
    buyer.follow(async || buyer.press(Key::Enter).await).await?;
    buyer.order_becomes("complete").await?;
    let pressed = f64::from(buyer.keys()) - typed as f64;
    Ok(Row::at_most("keys pressed from / to paid, besides what is typed", pressed, MOST, ""))
}
