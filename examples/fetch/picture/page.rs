//! The picture as one HTML file. All it needs is in it: opened from a disk, without a network, it
//! shows the same as ever.
//!
//! The sentence, the bar, the overview and the tables are there without a script; the waterfall
//! is drawn by `page.js`, with a part of D3, from the JSON in the page. Whatever else should ever
//! get into the page as a script does not run, and nothing is loaded: its policy
//! (Content-Security-Policy) says so.

use serde_json::{Value, json};

use super::View;
use super::account::{files, thousands};
use super::chart::SLICES;
use super::markup::{date, escaped, json_in_script, nonce};
use super::phase::{Phase, Track};
use super::svg::COLORS;
use super::{svg, tables};
use crate::show::text;

const STYLE: &str = include_str!("page/page.css");
const D3: &str = include_str!("page/d3.js");
const SCRIPT: &str = include_str!("page/page.js");

pub fn of(view: &View) -> String {
    let data = json_in_script(&data(view).to_string());
    let nonce = nonce(&data);
    let sentence = escaped(&view.account.sentence());
    let title = escaped(&format!(
        "fetch: {} in {}",
        files(view.rows.len()),
        text::seconds(view.account.wall)
    ));
    let (facts, shares, overview) = (facts(view), shares(view), overview(view));
    let tables = tables::of(view);
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>{COLORS}{STYLE}</style>
</head>
<body>
<header><h1>{sentence}</h1><p class="dim">{facts}</p></header>
<main>
{shares}
{overview}
<section id="waterfall" aria-label="Waterfall" hidden></section>
<noscript><p>The waterfall is drawn by a script of this page. The tables below have the same facts.</p></noscript>
{tables}
</main>
<script type="application/json" id="run">{data}</script>
<script nonce="{nonce}">{D3}</script>
<script nonce="{nonce}">{SCRIPT}</script>
</body>
</html>
"#
    )
}

/// When, how many at once, and how it ended.
fn facts(view: &View) -> String {
    let mut facts = Vec::new();
    facts.extend(view.story.began.map(|time| format!("began {}", date(time))));
    facts.push(format!("at most {} at once", view.account.most));
    let connections = view
        .connections
        .iter()
        .filter(|c| c.error.is_none())
        .count();
    facts.push(format!("{} connections", thousands(connections)));
    facts.push(match view.story.code {
        Some(code) => format!("exit status {code}"),
        None => "cut off before its end".into(),
    });
    facts.join(" · ")
}

/// One bar for the whole wall time, and what its colours mean.
fn shares(view: &View) -> String {
    let account = &view.account;
    let (mut bar, mut legend, mut table) = (String::new(), String::new(), String::new());
    let mut x = 0.0;
    for phase in Phase::ALL.into_iter().filter(|phase| view.happened(*phase)) {
        let (name, best) = (phase.name(), account.best[phase as usize]);
        let share = account.share(best) * 100.0;
        let (part, best) = (escaped(&account.part(best)), text::seconds(best));
        let spent = text::seconds(account.spent[phase as usize]);
        let meaning = phase.meaning();
        bar += &format!(
            r#"<rect class="{name}" x="{x:.3}" width="{share:.3}" height="1"><title>{name}: {best}</title></rect>"#
        );
        legend += &format!(r#"<li title="{meaning}"><i class="{name}"></i>{name}</li>"#);
        table += &format!(
            r#"<tr><th scope="row"><i class="{name}"></i>{name}</th><td class="text">{meaning}</td><td>{best}</td><td>{part}</td><td>{spent}</td></tr>"#
        );
        x += share;
    }
    format!(
        r#"<section aria-label="What the wall time went into">
<svg class="shares" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>
<ul class="legend" aria-hidden="true">{legend}</ul>
<details id="phases"><summary>What the colours mean, and how long it was so</summary><div class="wide" tabindex="0" role="region" aria-label="phases"><table>
<thead><tr><th class="text">phase</th><th class="text">what it means</th><th>wall time</th><th>of the run</th><th>all files</th></tr></thead>
<tbody>{table}</tbody></table></div>
<p class="dim">A moment of the wall time counts for what the file did that was furthest just then: bytes that come hide all waiting beside them. All files: what they spent, added up.</p></details>
</section>"#
    )
}

/// The whole run at a glance.
fn overview(view: &View) -> String {
    let (slices, high) = (&view.slices, svg::HIGH);
    let drawing = |paths: String| {
        format!(
            r#"<svg class="overview" viewBox="0 0 {SLICES} {high}" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>"#
        )
    };
    let (stack, speed) = (drawing(svg::stack(slices)), drawing(svg::speed(slices)));
    let (most, said) = (files(view.account.most as usize), svg::speed_said(slices));
    format!(
        r#"<section id="overview" aria-label="The whole run">
<p class="dim">what they did; at most {most} at once</p>{stack}
<p class="dim">{said}</p>{speed}
</section>"#
    )
}

/// What the waterfall is drawn from. Times are in milliseconds.
fn data(view: &View) -> Value {
    let files = view.rows.iter().map(|row| {
        let tracks: Vec<_> = row.tracks.iter().map(track).collect();
        json!([row.name, u8::from(row.failed), tracks])
    });
    let connections = view.connections.iter().map(|row| {
        let name = format!("#{} {}", row.number, row.address);
        let owner = |(since, file): &(_, usize)| [ms(*since), json!(file)];
        let owners: Value = row.owners.iter().flat_map(owner).collect();
        json!([
            name,
            u8::from(row.error.is_some()),
            [track(&row.track)],
            owners
        ])
    });
    json!({
        "end": ms(view.account.wall),
        "phases": Phase::ALL.map(Phase::name),
        "shapes": Phase::ALL.map(svg::shape),
        "files": files.collect::<Vec<_>>(),
        "connections": connections.collect::<Vec<_>>(),
    })
}

/// Phase, from, to; phase, from, to; and so on.
fn track(track: &Track) -> Value {
    let numbers = |span: &super::phase::Span| [json!(span.phase as u8), ms(span.from), ms(span.to)];
    track.0.iter().flat_map(numbers).collect()
}

/// To a hundredth, and no more digits than that takes.
fn ms(time: std::time::Duration) -> Value {
    json!((time.as_secs_f64() * 100_000.0).round() / 100.0)
}
