//! What a buyer or a seller asks a list for: `?status=` and `?seller=`.

use common::event::Id;
use serde::Deserialize;
use utoipa::IntoParams;
use web::ApiError;

use super::PREFIX;
use crate::store::{Listing, Which};

/// Which tickets are asked for, in the query string.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichQuery {
    /// `free`, those that can be bought, unless told otherwise; `all`, the reserved and the sold ones too.
    #[param(required = false)]
    status: Option<String>,
    /// Only what this user sells.
    #[param(required = false)]
    seller: Option<String>,
}

impl WhichQuery {
    /// Reads it, and complains of what is no status or no id.
    pub(super) fn read(&self) -> Result<Listing, ApiError> {
        let which = match self.status.as_deref() {
            None | Some("free") => Which::Free,
            Some("all") => Which::All,
            Some(_) => return Err(ApiError::bad_field("status", "Status must be free or all")),
        };
        let seller = self.seller.as_deref().map(str::parse::<Id>).transpose();
        let seller = seller.map_err(|_| ApiError::bad_field("seller", "Seller must be the id of a user"))?;
        Ok(Listing { which, seller })
    }
}

/// The path of a list, from which its next page goes on. An id needs no encoding.
pub(super) fn path_of(listing: &Listing) -> String {
    let status = (listing.which == Which::All).then(|| "status=all".to_owned());
    let seller = listing.seller.as_ref().map(|seller| format!("seller={seller}"));
    let query: Vec<String> = status.into_iter().chain(seller).collect();
    if query.is_empty() { PREFIX.to_owned() } else { format!("{PREFIX}?{}", query.join("&")) }
}
