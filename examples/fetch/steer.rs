//! What the user can change while it runs: by a key, and by a signal.
//!
//! | key       | signal    |                                                            |
//! |-----------|-----------|------------------------------------------------------------|
//! | `p`       |           | pauses all, and goes on                                    |
//! | `-`       | `SIGUSR1` | half as fast                                               |
//! | `+`       | `SIGUSR2` | twice as fast                                              |
//! | `↑` `↓`   |           | chooses a running file; `Esc` none                         |
//! | `d`       |           | drops the chosen file from the run; its half file is kept  |
//! | `q`       | `SIGINT`  | stops all: Ctrl-C is the same                              |
//! |           | `SIGTSTP` | gives the terminal back, and then stops, as by Ctrl-Z      |
//! | `?`       |           | says all this                                              |
//!
//! What they do is done by the throttle, [`Transfer`] and [`Show`]; here is who asks for it.
//!
//! [`Transfer`]: crate::transfer::Transfer

use std::io;
use std::rc::Rc;

use crate::job::Session;
use crate::show::{Show, text};
use crate::terminal::Key;

/// Looks at the keys, and shows how things stand, again and again.
pub async fn tick(show: &Show, session: &Session) {
    let mut ticks = hob::time::interval(show.period());
    ticks.tick().await; // the first one comes at once
    loop {
        ticks.tick().await;
        for key in show.pressed() {
            press(key, show, session);
        }
        show.refresh(&note(session));
    }
}

fn press(key: Key, show: &Show, session: &Session) {
    let throttle = &session.throttle;
    match key {
        Key::Pause => match throttle.pause() {
            true => show.say("Paused. P goes on."),
            false => show.say("It goes on."),
        },
        Key::Slower => slower(show, session),
        Key::Faster => faster(show, session),
        Key::Up | Key::Down => show.choose(key == Key::Down),
        Key::Escape => show.choose_none(),
        // Only what was chosen: a letter by mistake must not cost a file.
        Key::Drop => match show.chosen() {
            Some(transfer) => transfer.is_unwanted(),
            None => show.say("No file is chosen: the arrows choose one."),
        },
        Key::Help => show.list_keys(),
        Key::Quit => quit(),
    }
}

fn slower(show: &Show, session: &Session) {
    session.throttle.slower(show.board.bytes_per_second());
    say_limits(show, session);
}

fn faster(show: &Show, session: &Session) {
    session.throttle.faster();
    say_limits(show, session);
}

fn say_limits(show: &Show, session: &Session) {
    match limits(session) {
        None => show.say("There is no limit."),
        Some(limits) => show.say(&format!("From now on {limits}.")),
    }
}

/// What holds for all downloads now; empty if there is nothing to say.
pub fn note(session: &Session) -> String {
    let paused = session.throttle.is_paused().then(|| "paused".to_owned());
    let both: Vec<_> = paused.into_iter().chain(limits(session)).collect();
    both.join("; ")
}

fn limits(session: &Session) -> Option<String> {
    let rate = |rate: u32| format!("at most {}/s", text::bytes(rate.into()));
    match session.throttle.limits() {
        (None, None) => None,
        (Some(all), None) => Some(rate(all)),
        (None, Some(each)) => Some(rate(each) + " for each"),
        (Some(all), Some(each)) => Some(format!("{}, {} for each", rate(all), rate(each))),
    }
}

/// As Ctrl-C does, all of it.
#[cfg(unix)]
fn quit() {
    let _ = signal_hook::low_level::raise(signal_hook::consts::SIGINT);
}

/// No key comes here.
#[cfg(not(unix))]
fn quit() {}

/// Does what signals ask for, again and again. Ends only with an error.
#[cfg(unix)]
pub async fn signals(show: Rc<Show>, session: Rc<Session>) -> io::Result<()> {
    use crate::stop::{Signal, is_ignored};
    use futures_lite::future::or;
    use signal_hook::consts::{SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH};
    use signal_hook::low_level::emulate_default_handler;

    let halve = async {
        let signal = Signal::listen(SIGUSR1)?;
        loop {
            signal.heard().await?;
            slower(&show, &session);
        }
    };
    let double = async {
        let signal = Signal::listen(SIGUSR2)?;
        loop {
            signal.heard().await?;
            faster(&show, &session);
        }
    };
    // Sooner than the next tick: a window that is dragged changes often.
    let redraw = async {
        let signal = Signal::listen(SIGWINCH)?;
        loop {
            signal.heard().await?;
            show.refresh(&note(&session));
        }
    };
    let suspend = async {
        // Where the system does not tell, it is taken to be as usual.
        if cfg!(target_os = "linux") && is_ignored(SIGTSTP) {
            // Whoever started us has no job control.
            return std::future::pending().await;
        }
        let signal = Signal::listen(SIGTSTP)?;
        loop {
            signal.heard().await?;
            show.close();
            // Here the process stands still, until it is told to go on.
            emulate_default_handler(SIGTSTP)?;
        }
    };
    or(or(suspend, redraw), or(halve, double)).await
}

/// There are none.
#[cfg(not(unix))]
pub async fn signals(_show: Rc<Show>, _session: Rc<Session>) -> io::Result<()> {
    std::future::pending().await
}
