//! A child cannot borrow what the body itself declares: the body may return before it ends.

fn main() {
    hob::block_on(async {
        hob::scope(async |s| {
            let text = String::from("the body's own");
            s.spawn(async { println!("{text}") });
        })
        .await
        .unwrap();
    });
}
