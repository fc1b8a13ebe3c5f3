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
    pub(super) checkpoint_look: Script,
    pub(super) checkpoint_advance: Script,
    pub(super) checkpoint_forget: Script,
    pub(super) rebuild_begin: Script,
    pub(super) rebuild_apply: Script,
    pub(super) rebuild_give_up: Script,
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
            checkpoint_look: Script::new(include_str!("checkpoint_look.lua")),
            checkpoint_advance: Script::new(include_str!("checkpoint_advance.lua")),
            checkpoint_forget: Script::new(include_str!("checkpoint_forget.lua")),
            rebuild_begin: Script::new(include_str!("rebuild_begin.lua")),
            rebuild_apply: Script::new(include_str!("rebuild_apply.lua")),
            rebuild_give_up: Script::new(include_str!("rebuild_give_up.lua")),
        }
    }
}
