//! Pictures of the pages.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use platform::Shopper;
use testkit::{browser::Scheme, paths};

use crate::scene::Scene;

/// A telephone, a tablet and a desk.
const SIZES: [(u32, u32); 3] = [(360, 740), (768, 1_024), (1_280, 800)];

/// Takes the few that the README shows into docs/images.
///
/// # Errors
/// When the shop does not come up or a picture can't be written.
pub(crate) async fn for_the_readme() -> Result<()> {
    let scene = Scene::open().await?;
    let directory = paths::repository().join("docs/images");
    let looker = scene.shopper_without_javascript().await?;
    looker.visit("/").await?;
    take_small(&looker, (1_280, 800), Scheme::Light, &directory.join("tickets.webp")).await?;
    let buyer = scene.shopper().await?;
    buyer.sign_up("ada").await?;
    let ticket = first_ticket(&buyer).await?;
    let order = buyer.buy(&ticket).await?;
    take_small(&buyer, (360, 740), Scheme::Light, &directory.join("order.webp")).await?;
    buyer.pay().await?;
    buyer.order_becomes("complete").await?;
    buyer.sees("Your money was taken").await?;
    take_small(&buyer, (360, 740), Scheme::Dark, &directory.join("paid.webp")).await?;
    let operator = scene.operator().await?;
    operator.visit(&format!("/orders/{order}")).await?;
    take_small(&operator, (1_280, 1_000), Scheme::Light, &directory.join("console.webp")).await
}

/// Takes every page, in every size and both colours.
///
/// # Errors
/// When the shop does not come up or a picture can't be written.
pub(crate) async fn all(directory: &Path) -> Result<()> {
    let scene = Scene::open().await?;
    let (seller, buyer) = (scene.shopper().await?, scene.shopper().await?);
    let take = async |shopper: &Shopper, name: &str| take_all(shopper, &directory.join(name)).await;
    buyer.visit("/").await?;
    take(&buyer, "tickets").await?;
    buyer.visit("/?search=nothing+like+it").await?;
    take(&buyer, "nothing-found").await?;
    buyer.visit("/nowhere").await?;
    take(&buyer, "not-found").await?;
    let ticket = first_ticket(&buyer).await?;
    buyer.visit(&format!("/tickets/{ticket}")).await?;
    take(&buyer, "ticket-signed-out").await?;
    buyer.visit("/auth/signin").await?;
    take(&buyer, "sign-in").await?;
    buyer.visit("/auth/signup").await?;
    buyer.fill("#email", "ada").await?;
    buyer.go(Shopper::SEND).await?;
    take(&buyer, "sign-up-with-mistakes").await?;
    buyer.type_credentials("ada").await?;
    buyer.visit(&format!("/tickets/{ticket}")).await?;
    take(&buyer, "ticket").await?;
    buyer.buy(&ticket).await?;
    take(&buyer, "order-to-pay").await?;
    buyer.go(Shopper::PAY).await?;
    take(&buyer, "provider").await?;
    buyer.type_card(Shopper::GOOD_CARD).await?;
    buyer.order_becomes("complete").await?;
    take(&buyer, "order-paid").await?;
    seller.sign_up("seller").await?;
    for path in ["/sales", "/tickets/new"] {
        seller.visit(path).await?;
        take(&seller, &format!("{}-empty", path.trim_start_matches('/').replace('/', "-"))).await?;
    }
    seller.go(Shopper::SEND).await?;
    take(&seller, "sell-with-mistakes").await?;
    let first = seller.sell("Swan Lake, dress circle, row 1, seat 22", "72").await?;
    take(&seller, "ticket-own").await?;
    let second = seller.sell("أم كلثوم، القاهرة، الصف الأول", "35.5").await?;
    seller.visit(&format!("/tickets/{first}/edit")).await?;
    take(&seller, "edit").await?;
    buyer.buy(&first).await?;
    buyer.go(Shopper::GIVE_UP).await?;
    buyer.order_becomes("cancelled").await?;
    take(&buyer, "order-cancelled").await?;
    buyer.buy(&second).await?;
    buyer.visit("/orders").await?;
    take(&buyer, "orders").await?;
    seller.visit("/sales").await?;
    take(&seller, "sales").await?;
    seller.visit("/?show=all").await?;
    take(&seller, "tickets-all").await?;
    seller.visit("/auth/signout").await?;
    take(&seller, "sign-out").await
}

async fn first_ticket(shopper: &Shopper) -> Result<String> {
    shopper.visit("/").await?;
    let id = shopper.read("document.querySelector('#tickets li:has(a:not(.taken))').dataset.id").await?;
    id.as_str().map(str::to_owned).context("no ticket is for sale")
}

async fn take_small(
    shopper: &Shopper,
    (width, height): (u32, u32),
    scheme: Scheme,
    file: &Path,
) -> Result<()> {
    shopper.size(width, height).await?;
    shopper.prefers(scheme, true).await?;
    write(file, &shopper.small_picture().await?)
}

async fn take_all(shopper: &Shopper, name: &Path) -> Result<()> {
    for (width, height) in SIZES {
        for scheme in [Scheme::Light, Scheme::Dark] {
            shopper.size(width, height).await?;
            shopper.prefers(scheme, true).await?;
            let file = format!("{}-{width}-{}.png", name.display(), scheme.as_str());
            write(Path::new(&file), &shopper.picture(true).await?)?;
        }
    }
    Ok(())
}

fn write(file: &Path, picture: &[u8]) -> Result<()> {
    let directory = file.parent().context("a picture has a directory")?;
    fs::create_dir_all(directory).with_context(|| format!("make the directory {}", directory.display()))?;
    fs::write(file, picture).with_context(|| format!("write {}", file.display()))?;
    paths::say(&format!("{} ({} bytes)", file.display(), picture.len()));
    Ok(())
}
