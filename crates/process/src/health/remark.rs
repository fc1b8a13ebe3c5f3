//! What is worth knowing of a process that is ready all the same.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use super::{Name, locked};

#[derive(Debug)]
pub(super) struct RemarkState {
    name: Name,
    text: Mutex<Option<Cow<'static, str>>>,
}

impl RemarkState {
    pub(super) fn new(name: Name) -> Self {
        Self { name, text: Mutex::default() }
    }

    pub(super) fn line(&self) -> Option<String> {
        locked(&self.text).as_ref().map(|text| format!("{} {text}", self.name))
    }
}

/// A remark of one part of the process, such as `the schedule` that `is paused until ...`. It changes nothing about whether the
/// process is ready. Clones are handles of the same remark.
#[derive(Clone, Debug)]
pub struct Remark(Arc<RemarkState>);

impl Remark {
    pub(super) fn new(state: Arc<RemarkState>) -> Self {
        Self(state)
    }

    /// What `/readyz` and `/aboutz` say behind the name from now on. It must not hold a secret.
    pub fn set(&self, text: impl Into<Cow<'static, str>>) {
        *locked(&self.0.text) = Some(text.into());
    }

    /// There is nothing to say any more.
    pub fn clear(&self) {
        *locked(&self.0.text) = None;
    }
}
