//! Changing timers that are there: more time for an order of ours, and what an operator does with one of somebody else's.

use common::{
    event::Id,
    internal::{MoveTimer, TimerAnswers},
};
use redis::Value;

use super::{Job, Schedule, Unavailable, holders::Holders, unavailable};

/// Timers of one script. Each is somewhere else in a set of millions, which costs far more than neighbours do.
const TOGETHER: usize = 50;

impl Schedule {
    /// Moves timers to a later instant, and adds those that are missing. One in a worker's hands stays. Returns how many
    /// were moved or added.
    ///
    /// # Errors
    /// When Redis did not confirm. Extending again is harmless.
    pub async fn extend(&self, jobs: &[Job]) -> Result<u64, Unavailable> {
        let mut extended = 0;
        for jobs in jobs.chunks(TOGETHER) {
            let mut call = self.scripts.extend.key(&self.keys.due);
            for job in jobs {
                call.arg(job.id.as_str()).arg(job.due_ms);
            }
            let moved: u64 = self.invoke(&call, "extend orders").await?;
            extended += moved;
        }
        if let Some(earliest) = jobs.iter().map(|job| job.due_ms).min() {
            self.earliest_due.add(earliest);
        }
        Ok(extended)
    }

    /// Moves timers, each to its instant; a past one is now. One in a worker's hands stays.
    ///
    /// # Errors
    /// When Redis did not confirm; some may have been moved. Moving again is harmless.
    pub async fn move_timers(&self, timers: &[MoveTimer]) -> Result<TimerAnswers, Unavailable> {
        let mut answers = TimerAnswers::default();
        for timers in timers.chunks(TOGETHER) {
            let mut call = self.scripts.move_to.key(&self.keys.due);
            call.key(&self.keys.clock);
            for timer in timers {
                call.arg(timer.id.as_str()).arg(timer.to.as_millis());
            }
            let answer = self.invoke(&call, "move timers").await?;
            read(answer, timers.iter().map(|timer| &timer.id), &mut answers)?;
        }
        Ok(answers)
    }

    /// Removes timers, but for those in a worker's hands.
    ///
    /// # Errors
    /// When Redis did not confirm; some may have been removed. Those are then unknown.
    pub async fn remove_timers(&self, ids: &[Id]) -> Result<TimerAnswers, Unavailable> {
        let mut answers = TimerAnswers::default();
        for ids in ids.chunks(TOGETHER) {
            let mut call = self.scripts.remove.key(&self.keys.due);
            call.key(&self.keys.clock);
            for id in ids {
                call.arg(id.as_str());
            }
            let answer = self.invoke(&call, "remove timers").await?;
            read(answer, ids.iter(), &mut answers)?;
        }
        Ok(answers)
    }
}

/// Reads what `move.lua` and `remove.lua` answer for `ids`.
fn read<'a>(
    answer: Vec<Value>,
    ids: impl Iterator<Item = &'a Id>,
    answers: &mut TimerAnswers,
) -> Result<(), Unavailable> {
    const ACTION: &str = "read an answer of the schedule";
    let mut values = answer.into_iter();
    let now_ms: i64 = redis::from_redis_value(values.next().unwrap_or(Value::Nil))
        .map_err(|error| unavailable(ACTION)(error.into()))?;
    let nobody = Holders::default();
    for (id, former) in ids.zip(values) {
        let former: String =
            redis::from_redis_value(former).map_err(|error| unavailable(ACTION)(error.into()))?;
        match former.parse() {
            Ok(score) => answers.done.extend(nobody.timer(id.to_string(), score, now_ms)),
            Err(_) if former.is_empty() => answers.unknown.push(id.clone()),
            Err(_) => answers.claimed.push(id.clone()),
        }
    }
    Ok(())
}
