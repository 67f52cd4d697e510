//! Who goes when; the clock is handed in.

use std::time::Duration;

use super::*;

fn line(urls: &[&str], most: usize, per_host: usize) -> Line {
    let job = |url: &&str| Job::new(url.parse().unwrap(), "x".into(), "x");
    Line::new(&urls.iter().map(job).collect::<Vec<_>>(), most, per_host)
}

fn many(hosts: &[(&str, usize)], most: usize) -> Line {
    let urls = hosts
        .iter()
        .flat_map(|(host, count)| vec![format!("http://{host}/"); *count]);
    let urls: Vec<_> = urls.collect();
    line(
        &urls.iter().map(String::as_str).collect::<Vec<_>>(),
        most,
        usize::MAX,
    )
}

/// Everybody who may go now.
fn all(line: &mut Line, now: Instant) -> Vec<usize> {
    std::iter::from_fn(|| match line.next(now) {
        Step::Go(index) => Some(index),
        Step::Wait(_) | Step::Over => None,
    })
    .collect()
}

/// Broken by: not comparing with `most`.
#[test]
fn hosts_take_turns_and_none_has_more_than_its_share() {
    let (now, urls) = (
        Instant::now(),
        ["http://a/0", "http://a/1", "http://a/2", "http://b/3"],
    );
    let mut line = line(&urls, usize::MAX, 2);
    assert_eq!(all(&mut line, now), [0, 3, 1]);
    line.leave(3, true);
    assert_eq!(
        line.next(now),
        Step::Wait(None),
        "the other host's place is no help"
    );
    line.leave(0, true);
    assert_eq!(
        (line.next(now), line.next(now)),
        (Step::Go(2), Step::Wait(None))
    );
    line.leave(1, true);
    line.leave(2, true);
    assert_eq!(line.next(now), Step::Over);
}

#[test]
fn one_host_is_asked_in_the_order_of_the_list() {
    let mut line = line(
        &["http://a/0", "http://a/1", "http://a/2"],
        usize::MAX,
        usize::MAX,
    );
    assert_eq!(all(&mut line, Instant::now()), [0, 1, 2]);
}

/// Broken by: giving the places to hosts in turn.
#[test]
fn a_host_of_slow_files_does_not_get_all_places_in_the_end() {
    let (now, mut line) = (Instant::now(), many(&[("slow", 100), ("fast", 100)], 10));
    let mut running = all(&mut line, now);
    assert_eq!(running.len(), 10);
    // Only the fast ones ever end.
    for _ in 0..40 {
        let at = running
            .iter()
            .position(|&index| index >= 100)
            .expect("a fast one runs");
        line.leave(running.swap_remove(at), true);
        running.extend(all(&mut line, now));
        assert_eq!(running.iter().filter(|&&index| index < 100).count(), 5);
    }
}

/// Broken by: giving a place while the host rests; forgetting that a rest ends.
#[test]
fn a_host_that_refuses_rests_and_then_sees_half_as_many() {
    let (start, mut line) = (Instant::now(), many(&[("a", 20), ("b", 1)], 8));
    assert_eq!(all(&mut line, start).len(), 8);
    let ticket = line.ticket(0);
    for index in [0, 1, 2] {
        let refusal = Refusal {
            asked: Some(Duration::from_secs(3)),
            chance: 0.0,
        };
        let told = line.refused(index, ticket, refusal, start);
        assert_eq!(told, Some((start + Duration::from_secs(3), 3)), "7 ran");
        line.leave(index, false);
        line.again(index);
    }
    let end = start + Duration::from_secs(3);
    assert_eq!(line.next(start), Step::Wait(Some(end)));
    for index in 3..7 {
        line.leave(index, true);
    }
    assert_eq!(line.next(start), Step::Wait(Some(end)), "it still rests");
    // Those that were refused come first, and one more may after as many as ran at once arrived.
    assert_eq!(all(&mut line, end), [2, 1, 0, 7]);
}

#[test]
fn a_refusal_is_about_the_crowd_only_if_there_is_one() {
    let (now, mut line) = (Instant::now(), many(&[("a", 3)], 1));
    let refused = |line: &mut Line, index| {
        let ticket = line.ticket(index);
        line.refused(index, ticket, Refusal::default(), now)
            .is_some()
    };
    assert_eq!(line.next(now), Step::Go(0));
    assert!(!refused(&mut line, 0));
    line.leave(0, false);
    let later = now + Duration::from_secs(2);
    assert_eq!(line.next(later), Step::Go(1));
    line.leave(1, true);
    assert_eq!(line.next(later), Step::Go(2));
    assert!(refused(&mut line, 2), "it has served somebody");
}

#[test]
fn who_gives_up_waiting_takes_nobody_s_place() {
    let (now, mut line) = (Instant::now(), many(&[("a", 2)], 1));
    assert_eq!(line.next(now), Step::Go(0));
    line.leave(0, false);
    line.again(0);
    line.forget(0);
    assert_eq!(all(&mut line, now), [1]);
    line.leave(1, true);
    assert_eq!(line.next(now), Step::Over);
}

/// L1 and L2, whatever happens. A small machine chooses what does.
#[test]
fn whatever_happens_everybody_has_a_turn_in_the_end() {
    for seed in 1..200_u64 {
        let mut state = seed;
        let mut chance = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let hosts = [
            ("a", 1 + chance(20)),
            ("b", 1 + chance(20)),
            ("c", 1 + chance(20)),
        ];
        let (most, mut now) = (1 + chance(9), Instant::now());
        let mut line = many(&hosts, most);
        let (mut running, mut ended) = (Vec::new(), 0);
        loop {
            match line.next(now) {
                Step::Go(index) => {
                    assert!(!running.contains(&index));
                    running.push(index);
                    assert!(running.len() <= most);
                    continue;
                }
                Step::Over => break,
                Step::Wait(until) if running.is_empty() => {
                    now = until.expect("nobody runs, so somebody rests");
                    continue;
                }
                Step::Wait(_) => {}
            }
            let index = running.swap_remove(chance(running.len()));
            let ticket = line.ticket(index);
            match chance(4) {
                0 => {
                    line.refused(index, ticket, Refusal::default(), now);
                    line.leave(index, false);
                    line.again(index);
                }
                1 => {
                    line.leave(index, false);
                    line.again(index);
                    line.forget(index);
                    ended += 1;
                }
                _ => {
                    line.leave(index, true);
                    ended += 1;
                }
            }
        }
        assert_eq!(ended, hosts.iter().map(|(_, count)| count).sum::<usize>());
        assert!(line.ready.is_empty() && line.resting.is_empty());
    }
}
