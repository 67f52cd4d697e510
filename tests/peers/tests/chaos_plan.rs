//! The bad network itself: a seed always does the same, whatever the pieces in which the bytes
//! come, and each fault does what its name says.

use std::time::Duration;

use hob_peers::plan::{Act, Dice, Fault, Plan, Script, Step, Way};

/// What a script makes of these bytes, fed in pieces of this size; pieces that go on are joined.
fn played(plan: &Plan, bytes: &[u8], size: usize) -> Vec<Step> {
    let mut script = Script::new(plan, Way::Down);
    let mut all: Vec<Step> = Vec::new();
    for (step, _) in bytes.chunks(size).flat_map(|piece| script.feed(piece)) {
        match (all.last_mut(), step) {
            (Some(Step::Send(before)), Step::Send(more)) => before.extend(more),
            (_, step) => all.push(step),
        }
    }
    all
}

fn plan_of(fault: Fault, at: u64, amount: u32) -> Plan {
    let way = Way::Down;
    let act = Act {
        way,
        at,
        fault,
        amount,
    };
    Plan { acts: vec![act] }
}

/// Broken by: taking the bytes of this piece only for `Fault::Duplicate`, or letting a whole
/// piece go by when an act lies in it.
#[test]
fn what_happens_does_not_depend_on_how_the_bytes_were_split() {
    let bytes: Vec<u8> = (0..3000).map(|n| (n % 251) as u8).collect();
    for seed in 0..300 {
        let plan = Plan::new(seed, 0, &Fault::all(), 3000);
        assert_eq!(plan, Plan::new(seed, 0, &Fault::all(), 3000));
        let whole = played(&plan, &bytes, bytes.len());
        for size in [1, 3, 64, 1000] {
            assert!(played(&plan, &bytes, size) == whole, "seed {seed}: {plan}");
        }
    }
}

#[test]
fn each_fault_does_what_its_name_says() {
    let send = |text: &str| Step::Send(text.as_bytes().to_vec());
    let play = |fault, amount| played(&plan_of(fault, 3, amount), b"abcdef", 6);
    let wait = |ms| Step::Wait(Duration::from_millis(ms));
    assert_eq!(play(Fault::Delay, 7), [send("abc"), wait(7), send("def")]);
    assert_eq!(play(Fault::Lose, 0), [send("abc"), Step::GoSilent]);
    assert_eq!(play(Fault::Reset, 0), [send("abc"), Step::Reset]);
    assert_eq!(play(Fault::HalfClose, 0), [send("abc"), Step::End]);
    assert_eq!(play(Fault::Truncate, 0), [send("abc"), Step::EndBoth]);
    assert_eq!(play(Fault::Duplicate, 2), [send("abcbcdef")]);
    assert_eq!(play(Fault::Flip, 0), [send("abceef")]);
    let drips = [send("abc"), wait(1), send("d"), wait(1), send("ef")];
    assert_eq!(play(Fault::Drip, 2)[..4], drips[..4]);
}

#[test]
fn a_quarter_is_left_in_peace_and_each_fault_comes_up() {
    let plans: Vec<Plan> = (0..4000)
        .map(|n| Plan::new(1, n, &Fault::all(), 1000))
        .collect();
    let peaceful = plans.iter().filter(|plan| plan.acts.is_empty()).count();
    assert!((800..1200).contains(&peaceful), "{peaceful}");
    for (fault, name) in Fault::ALL {
        let acts = plans.iter().flat_map(|plan| &plan.acts);
        let ways: Vec<Way> = acts
            .filter(|act| act.fault == fault)
            .map(|act| act.way)
            .collect();
        assert!(
            ways.contains(&Way::Up) && ways.contains(&Way::Down),
            "{name}"
        );
    }
    assert!(Plan::new(1, 1, &[], 1000).acts.is_empty());
}

#[test]
fn faults_are_asked_for_by_their_names() {
    assert_eq!(
        Fault::list("drip,half-close"),
        Ok(vec![Fault::Drip, Fault::HalfClose])
    );
    let refusal = Fault::list("drip,rain").unwrap_err();
    assert!(
        refusal.contains("rain") && refusal.contains("truncate"),
        "{refusal}"
    );
    assert_ne!(Dice::new(1).roll(), Dice::new(2).roll());
}
