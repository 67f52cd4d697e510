//! A task that outlives the scope cannot hold what is borrowed by it, nor the scope itself.

fn main() {
    hob::block_on(async {
        let text = String::from("borrowed");
        hob::scope(async |s| {
            let inner = s.clone();
            s.spawn(async { println!("{text}") });
            hob::spawn(async move { inner.cancel("from outside") });
        })
        .await
        .unwrap();
    });
}
