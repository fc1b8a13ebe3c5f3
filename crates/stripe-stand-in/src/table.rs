//! The objects of one kind: found by id, listed newest first.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::{error::ApiError, form::Form};

/// What every object of the API has.
pub(crate) trait Object {
    /// What Stripe calls this kind in its messages.
    const KIND: &'static str;

    fn id(&self) -> &str;

    /// Seconds since the Unix epoch.
    fn created(&self) -> i64;
}

/// Objects in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T: Object> Table<T> {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new(), places: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, row: T) {
        self.places.insert(row.id().to_owned(), self.rows.len());
        self.rows.push(row);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(*self.places.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.rows.get_mut(*self.places.get(id)?)
    }

    /// The object that a path names.
    pub(crate) fn find(&self, id: &str, param: &'static str) -> Result<&T, ApiError> {
        self.get(id).ok_or_else(|| ApiError::missing(T::KIND, id, param).status(404))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter()
    }

    /// One page of those that `wanted` takes, newest first.
    pub(crate) fn page(
        &self,
        url: &str,
        form: &Form,
        wanted: impl Fn(&T) -> bool,
        render: impl Fn(&T) -> Value,
    ) -> Result<Value, ApiError> {
        let limit = usize::from(limit(form)?);
        let end = match form.text("starting_after")? {
            Some(id) => {
                *self.places.get(id).ok_or_else(|| ApiError::missing(T::KIND, id, "starting_after"))?
            }
            None => self.rows.len(),
        };
        let created = Created::read(form)?;
        let mut found = self.rows[..end]
            .iter()
            .rev()
            .take_while(|row| created.least.is_none_or(|least| row.created() >= least))
            .filter(|row| created.most.is_none_or(|most| row.created() <= most) && wanted(row));
        let data: Vec<Value> = found.by_ref().take(limit).map(render).collect();
        Ok(json!({ "object": "list", "url": url, "has_more": found.next().is_some(), "data": data }))
    }
}

fn limit(form: &Form) -> Result<u8, ApiError> {
    match form.integer("limit")? {
        None => Ok(10),
        Some(limit @ 1..=100) => Ok(limit as u8),
        Some(_) => Err(ApiError::invalid("Invalid limit: it must be between 1 and 100")
            .code("parameter_invalid_integer")
            .param("limit")),
    }
}

/// The range of instants that a list asks for, both ends included.
struct Created {
    least: Option<i64>,
    most: Option<i64>,
}

impl Created {
    fn read(form: &Form) -> Result<Self, ApiError> {
        if let Some(exactly) = form.integer("created")? {
            return Ok(Self { least: Some(exactly), most: Some(exactly) });
        }
        let above = form.integer("created[gt]")?.map(|bound| bound + 1);
        let below = form.integer("created[lt]")?.map(|bound| bound - 1);
        Ok(Self {
            least: form.integer("created[gte]")?.or(above),
            most: form.integer("created[lte]")?.or(below),
        })
    }
}

/// The parameters of every list.
pub(crate) const PAGING: [&str; 4] = ["created", "limit", "starting_after", "expand"];
