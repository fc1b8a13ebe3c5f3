//! What Redis runs for us, a file each with its contract on top.

use redis::Script;

#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) claim: Script,
    pub(super) complete: Script,
    pub(super) release: Script,
    pub(super) extend: Script,
    pub(super) move_to: Script,
    pub(super) remove: Script,
    pub(super) page: Script,
    pub(super) pause: Script,
    pub(super) resume: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            claim: Script::new(include_str!("claim.lua")),
            complete: Script::new(include_str!("complete.lua")),
            release: Script::new(include_str!("release.lua")),
            extend: Script::new(include_str!("extend.lua")),
            move_to: Script::new(include_str!("move.lua")),
            remove: Script::new(include_str!("remove.lua")),
            page: Script::new(include_str!("page.lua")),
            pause: Script::new(include_str!("pause.lua")),
            resume: Script::new(include_str!("resume.lua")),
        }
    }
}
