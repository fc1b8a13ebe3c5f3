//! A step that dies where it waits.

use std::{future::poll_fn, pin::pin, task::Poll};

/// Lets a future go on so many times and then drops it, as `kill -9` would end it there; its result, if it came to one. A test
/// that asks for one time more until there is a result has cut it off at every point at which it waits.
pub async fn cut_off<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}
