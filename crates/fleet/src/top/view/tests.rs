//! What is on the screen, cell by cell.

use ratatui::{Terminal, backend::TestBackend};

use super::*;
use crate::{
    exit::{Exit, Failure},
    top::{keys::Key, sample, state::News},
};

fn shown(state: &mut State, wide: u16, high: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(wide, high)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let row = |y| (0..wide).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
    (0..high).map(|y| row(y).trim_end().to_owned()).collect()
}

fn state(well: bool) -> State {
    let mut state = State::new("http://127.0.0.1:8090", false);
    state.hear(News::Status(Box::new(sample::status(well))));
    state.hear(News::Forecast(Box::new(sample::forecast())));
    state
}

#[test]
fn on_80_by_24_everything_that_matters_is_to_be_seen_without_a_key() {
    let rows = shown(&mut state(false), 80, 24);
    assert_eq!(rows[0], " NOT WELL   2026-01-31 12:00:00Z  http://127.0.0.1:8090");
    assert_eq!(rows[1], "! 12 timers are overdue → look at the workers");
    assert_eq!(rows[2], "5,000,000 timers: 4,999,000 pending, 988 due, 12 claimed, 12 overdue");
    assert_eq!(rows[3], "dead letters 3   owed 1");
    assert!(rows[4].starts_with("falls due in the next 60 min: 17,700, at most 590 a minute"), "{rows:#?}");
    assert!(rows[7].contains('█'), "{rows:#?}");
    let all = rows.join("\n");
    for part in ["orders-payment-created", "missing", "orders-0", "no answer", "q quit", "? help"] {
        assert!(all.contains(part), "{part:?} is not in:\n{all}");
    }
}

#[test]
fn what_does_not_fit_is_reached_by_scrolling_and_never_left_behind() {
    let mut state = state(true);
    let first = shown(&mut state, 80, 16).join("\n");
    assert!(first.contains("more lines below") && !first.contains("ticketing-orders"), "{first}");
    state.press(Key::End);
    let last = shown(&mut state, 80, 16).join("\n");
    assert!(last.contains("ticketing-orders") && !last.contains("more lines below"), "{last}");
    state.press(Key::Down);
    assert_eq!(shown(&mut state, 80, 16).join("\n"), last);
    state.press(Key::Home);
    assert_eq!(shown(&mut state, 80, 16).join("\n"), first);
}

#[test]
fn a_picture_that_is_held_stays_and_says_so() {
    let mut state = state(true);
    state.press(Key::Hold);
    state.hear(News::Status(Box::new(sample::status(false))));
    let held = shown(&mut state, 80, 24);
    assert!(held[0].starts_with(" WELL ") && held[23].contains("HELD"), "{held:#?}");
    state.press(Key::Hold);
    state.hear(News::Status(Box::new(sample::status(false))));
    assert!(shown(&mut state, 80, 24)[0].starts_with(" NOT WELL "));
}

#[test]
fn a_console_that_is_away_is_told_of_also_while_the_picture_is_held() {
    let mut state = state(true);
    state.press(Key::Hold);
    state.hear(News::Lost("connection refused".to_owned()));
    let rows = shown(&mut state, 80, 24);
    assert!(rows[0].starts_with(" CONSOLE IS AWAY ") && rows[1].contains("connection refused"), "{rows:#?}");
    state.hear(News::Status(Box::new(sample::status(true))));
    assert!(shown(&mut state, 80, 24)[0].starts_with(" WELL "));
}

#[test]
fn the_help_covers_the_picture_and_goes_again() {
    let mut state = state(true);
    state.press(Key::Help);
    assert!(shown(&mut state, 80, 24).join("\n").contains("hold the picture, or let it go on"));
    state.press(Key::Help);
    assert!(!shown(&mut state, 80, 24).join("\n").contains("hold the picture"));
}

#[test]
fn a_pause_and_its_end_are_in_the_figures() {
    let mut status = sample::status(true);
    let schedule = status.schedule.as_mut().unwrap();
    schedule.pause =
        serde_json::from_value(serde_json::json!({ "paused": true, "since": "2026-01-31T11:59:00.000Z",
        "until": "2026-01-31T12:10:00.000Z", "by": "eve", "waiting": 4, "fallingDue": 2 }))
        .unwrap();
    let mut state = state(true);
    state.hear(News::Status(Box::new(status)));
    assert_eq!(shown(&mut state, 80, 24)[3], "dead letters 3   owed 1   PAUSED by eve for 10m more, 4 wait");
}

#[test]
fn a_terminal_of_any_size_is_drawn_on_without_a_panic() {
    for (wide, high) in [(1, 1), (10, 3), (20, 5), (40, 10), (300, 100)] {
        let mut state = state(false);
        state.press(Key::Help);
        assert_eq!(shown(&mut state, wide, high).len(), usize::from(high));
    }
    let mut nothing = State::new("http://a", true);
    nothing.hear(News::Refused(Failure::new(Exit::NotAllowed, "no")));
    assert!(shown(&mut nothing, 80, 24)[0].contains("waiting for console"));
}

#[test]
fn what_to_do_about_a_trouble_is_never_cut_off_and_many_troubles_leave_room() {
    let mut status = sample::status(false);
    status.troubles[0].next =
        "mend the cause, and then replay them all, group by group, or discard them".to_owned();
    let mut state = state(false);
    state.hear(News::Status(Box::new(status.clone())));
    let rows = shown(&mut state, 80, 24);
    assert!(
        rows[1].starts_with("! 12 timers are overdue → mend") && rows[2].ends_with("discard them"),
        "{rows:#?}"
    );
    status.troubles = vec![status.troubles[0].clone(); 20];
    state.hear(News::Status(Box::new(status)));
    let rows = shown(&mut state, 80, 24);
    assert!(rows[7].starts_with("5,000,000 timers") && rows[14].contains("consumer"), "{rows:#?}");
}
