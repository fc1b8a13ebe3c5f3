//! Lists in pages: `?limit=20`, and then `?limit=20&after=<id of the last>`.
//!
//! A client that asks for nothing special gets the first [`DEFAULT_PAGE`]. The body is a plain list; a `Link` header leads to the
//! next page (RFC 8288). No list is longer than that, and long ones are made a few at a time: what lists take in memory does not
//! grow with the table.

use std::time::Duration;

use axum::{
    Json,
    extract::FromRequestParts,
    http::{HeaderValue, header::LINK, request::Parts},
    response::{IntoResponse, Response},
};
use common::event::Id;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use utoipa::IntoParams;

use super::{ApiError, QueryString};

/// The most entries that a client can ask for.
const LONGEST_PAGE: u32 = 100;
/// Entries for a client that asks for no number.
const DEFAULT_PAGE: u32 = 500;

/// Lists of [`DEFAULT_PAGE`] that a process makes at one time; the others wait. A title that an older release
/// took can have 16 KiB, so one such list can take 8 MiB as rows, and as much again as text.
const LONG_LISTS: usize = 2;
/// For a turn at a long list. Less than a request may take, so that the client still gets an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Entries that were asked for; `None` is the [`DEFAULT_PAGE`].
    limit: Option<u32>,
    /// The list goes on behind this entry.
    pub after: Option<Id>,
}

/// The page in the query string, for the document.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Return at most so many entries. Without it the first 500 are returned.
    #[param(value_type = u32, required = false, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// Go on behind the entry with this id, the last one of the page before. It must be in the list.
    #[param(value_type = Option<Id>, required = false)]
    after: Option<String>,
}

impl Page {
    /// Entries to read: one more than the page has, which tells whether there is a next page. For the store.
    pub fn fetch(&self) -> i64 {
        i64::from(self.size()) + 1
    }

    /// Entries that the page has. For a list that says itself how long it is.
    pub fn limit(&self) -> i64 {
        self.size().into()
    }

    fn size(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_PAGE)
    }

    /// Waits for a turn if no number of entries is asked for, and has it until what it answers is dropped.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] when too many others ask for long lists.
    pub async fn turn(&self) -> Result<Option<SemaphorePermit<'static>>, ApiError> {
        static TURNS: Semaphore = Semaphore::const_new(LONG_LISTS);
        if self.limit.is_some() {
            return Ok(None);
        }
        // It is never closed, so the other error does not come.
        match timeout(PATIENCE, TURNS.acquire()).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            _ => Err(ApiError::Unavailable),
        }
    }

    fn read(query: &PageQuery) -> Result<Self, ApiError> {
        let limit = query.limit.as_deref().map(|text| {
            text.parse()
                .ok()
                .filter(|limit| (1..=LONGEST_PAGE).contains(limit))
                .ok_or(ApiError::bad_field("limit", "Limit must be a whole number from 1 to 100"))
        });
        let after = query.after.as_deref().map(|text| text.parse().map_err(|_| Self::unknown_cursor()));
        Ok(Self { limit: limit.transpose()?, after: after.transpose()? })
    }

    /// The answer to a page behind an entry that is not in the list.
    pub fn unknown_cursor() -> ApiError {
        ApiError::bad_field("after", "After must be the id of an entry of this list")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let QueryString(query) = QueryString::from_request_parts(parts, state).await?;
        Self::read(&query)
    }
}

/// A list, or a page of it.
#[derive(Debug)]
pub struct Paged<T> {
    entries: Vec<T>,
    next: Option<String>,
}

impl<T> Paged<T> {
    /// What was read for `page`, see [`Page::fetch`], of the list at `path`, which may have a query; `id` names an entry.
    pub fn new(page: &Page, path: &str, mut entries: Vec<T>, id: impl Fn(&T) -> &Id) -> Self {
        let size = page.size() as usize;
        if entries.len() <= size {
            return Self { entries, next: None };
        }
        entries.truncate(size);
        let start = if path.contains('?') { '&' } else { '?' };
        let limit = page.limit.map(|limit| format!("limit={limit}&")).unwrap_or_default();
        let next =
            entries.last().map(|last| format!("<{path}{start}{limit}after={}>; rel=\"next\"", id(last)));
        Self { entries, next }
    }
}

impl<T: Serialize> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        let link = self.next.and_then(|next| HeaderValue::try_from(next).ok());
        let mut response = Json(self.entries).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: Option<&str>, after: Option<&str>) -> Option<Page> {
        let query = PageQuery { limit: limit.map(str::to_owned), after: after.map(str::to_owned) };
        Page::read(&query).ok()
    }

    #[test]
    fn a_page_is_read_and_nonsense_is_refused() {
        assert_eq!(read(None, None), Some(Page { limit: None, after: None }));
        let after = Some("a".parse().unwrap());
        assert_eq!(read(Some("100"), Some("a")), Some(Page { limit: Some(100), after }));
        for limit in ["0", "101", "-1", "1.5", "", "x", "99999999999"] {
            assert_eq!(read(Some(limit), None), None, "{limit}");
        }
        assert_eq!(read(None, Some("a b")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn long_lists_take_turns_and_pages_do_not() {
        let (long, page) = (read(None, None).unwrap(), read(Some("2"), None).unwrap());
        let mut turns = Vec::new();
        for _ in 0..LONG_LISTS {
            turns.push(long.turn().await.unwrap().unwrap());
        }
        assert!(matches!(long.turn().await, Err(ApiError::Unavailable)));
        assert!(page.turn().await.unwrap().is_none());
        turns.pop();
        assert!(long.turn().await.unwrap().is_some());
    }

    #[test]
    fn a_full_page_leads_to_the_next_one_and_the_last_to_none() {
        let page = read(Some("2"), None).unwrap();
        assert_eq!(page.fetch(), 3);
        let ids = |count: usize| ["a", "b", "c"][..count].iter().map(|id| id.parse().unwrap()).collect();
        let full = Paged::<Id>::new(&page, "/api/orders", ids(3), |id| id);
        assert_eq!(full.entries.len(), 2);
        assert_eq!(full.next.as_deref(), Some("</api/orders?limit=2&after=b>; rel=\"next\""));
        assert_eq!(Paged::<Id>::new(&page, "/api/orders", ids(2), |id| id).next, None);
        let with_a_query = Paged::<Id>::new(&page, "/api/tickets?status=all", ids(3), |id| id);
        assert_eq!(
            with_a_query.next.as_deref(),
            Some("</api/tickets?status=all&limit=2&after=b>; rel=\"next\"")
        );
    }

    #[test]
    fn who_asks_for_no_number_gets_the_first_five_hundred_and_the_way_to_the_rest() {
        let page = read(None, None).unwrap();
        assert_eq!(page.fetch(), 501);
        let ids = |count: usize| (0..count).map(|id| format!("t-{id}").parse().unwrap()).collect();
        let full = Paged::<Id>::new(&page, "/api/tickets", ids(501), |id| id);
        assert_eq!(full.entries.len(), 500);
        assert_eq!(full.next.as_deref(), Some("</api/tickets?after=t-499>; rel=\"next\""));
        assert_eq!(Paged::<Id>::new(&page, "/api/tickets", ids(500), |id| id).next, None);
    }
}
