//! The pages' HTML.

use std::collections::BTreeMap;

use crate::{
    currency::written,
    ledger::LedgerEntry,
    objects::{Intent, Session},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}\
label{display:block;margin:.8rem 0 .2rem}input{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}\
button{margin-top:1.2rem;padding:.6rem 1.2rem;font:inherit}.error{color:#b3093c}.test{background:#fff3c4;padding:.4rem .8rem}\
table{width:100%;border-spacing:0 .3rem}td:last-child{text-align:right}";

/// The items of a session, and the form for a card.
pub(super) fn card_form(session: &Session, error: Option<&str>) -> String {
    let price = |amount| price(amount, &session.currency);
    let items: String = session
        .items
        .iter()
        .map(|item| {
            let amount = price(item.unit_amount * item.quantity);
            format!("<tr><td>{} × {}</td><td>{amount}</td></tr>", escaped(&item.name), item.quantity)
        })
        .collect();
    let error = error.map(|text| format!("<p class=\"error\" role=\"alert\">{}</p>", escaped(text)));
    let back = session.cancel_url.as_ref().map(|url| link(url, "Back"));
    let body = format!(
        "<table>{items}<tr><td>Total</td><td><strong>{total}</strong></td></tr></table>{error}\
         <form method=\"post\" action=\"/pay/{id}\" autocomplete=\"off\">\
         <label for=\"number\">Card number</label>\
         <input id=\"number\" name=\"number\" inputmode=\"numeric\" placeholder=\"4242 4242 4242 4242\" required autofocus>\
         <label for=\"expiry\">Expiry (month / year)</label>\
         <input id=\"expiry\" name=\"expiry\" placeholder=\"12 / 34\" required>\
         <label for=\"cvc\">CVC</label>\
         <input id=\"cvc\" name=\"cvc\" inputmode=\"numeric\" placeholder=\"123\" required>\
         <label for=\"name\">Name on card</label>\
         <input id=\"name\" name=\"name\">\
         <button>Pay {total}</button></form>{back}\
         <p class=\"test\">No real money. 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined, 4000 0000 0000 9995 \
         has no funds, 4000 0025 0000 3155 asks the bank.</p>",
        total = price(session.amount),
        error = error.unwrap_or_default(),
        id = session.id,
        back = back.unwrap_or_default(),
    );
    document("Pay", &body)
}

/// The question of the buyer's bank.
pub(super) fn question(intent: &Intent) -> String {
    let body = format!(
        "<p>A shop wants to charge your card with <strong>{}</strong>. Is that you?</p>\
         <form method=\"post\" action=\"/authenticate/{}\">\
         <button name=\"result\" value=\"complete\">Complete</button> \
         <button name=\"result\" value=\"fail\">Fail</button></form>",
        price(intent.amount, &intent.currency),
        intent.id,
    );
    document("Your bank asks", &body)
}

/// Every purchase, the newest first, and the sums of each currency.
pub(super) fn books(ledger: &[LedgerEntry]) -> String {
    let mut sums: BTreeMap<&str, (i64, i64, i64)> = BTreeMap::new();
    for entry in ledger {
        let (captured, refunded, held) = sums.entry(&entry.currency).or_default();
        *captured += entry.captured;
        *refunded += entry.refunded;
        *held += if entry.is_open() { entry.amount } else { 0 };
    }
    let of = |sum: (&&str, &(i64, i64, i64))| {
        let (currency, (captured, refunded, held)) = sum;
        let [captured, refunded, held] = [captured, refunded, held].map(|amount| written(*amount, currency));
        format!(
            "<p><strong>{}</strong>: captured {captured}, refunded {refunded}, held {held}</p>",
            currency.to_uppercase()
        )
    };
    let sums: String = sums.iter().map(of).collect();
    let row = |entry: &LedgerEntry| {
        let order = entry.metadata.get("order").map(|order| escaped(order)).unwrap_or_default();
        let (intent, status) = (escaped(&entry.intent), entry.status);
        format!(
            "<tr><td>{intent}<br>{order}</td><td>{status}<br>{}</td></tr>",
            price(entry.amount, &entry.currency)
        )
    };
    let rows: String = ledger.iter().rev().map(row).collect();
    let none = if ledger.is_empty() { "<p>Nothing has been paid yet.</p>" } else { "" };
    document("The books", &format!("{sums}<table>{rows}</table>{none}"))
}

/// One sentence, and perhaps a way on.
pub(super) fn notice(text: &str, way: Option<(&str, &str)>) -> String {
    let way = way.map(|(url, label)| link(url, label)).unwrap_or_default();
    document("Payment", &format!("<p>{}</p>{way}", escaped(text)))
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )
}

fn link(url: &str, label: &str) -> String {
    format!("<p><a href=\"{}\">{label}</a></p>", escaped(url))
}

fn price(amount: i64, currency: &str) -> String {
    format!("{} {}", written(amount, currency), currency.to_uppercase())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
