//! A child cannot outlive what it borrows: the scope would still run when `text` is gone.

fn main() {
    hob::block_on(async {
        let running = {
            let text = String::from("short-lived");
            hob::scope(async |s| {
                s.spawn(async { println!("{text}") });
            })
        };
        running.await.unwrap();
    });
}
