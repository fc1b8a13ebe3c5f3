//! The pictures: how late jobs are, and what a job costs as the schedule grows.

use std::fmt::Write as _;

use crate::{
    results::{Row, Run},
    text,
};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 380.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 320.0;

/// Who is drawn how. Told apart by dashes as well as by colour.
const STYLES: [(&str, &str, &str); 4] = [
    ("fleet", "#0b6e4f", ""),
    ("bull", "#b3261e", "6 3"),
    ("bullmq", "#7a4fb5", "2 3"),
    ("schedules", "#a66a00", "10 3 2 3"),
];

/// A panel with logarithmic axes of lateness, or of jobs pending.
struct Panel {
    left: f64,
    right: f64,
    least: f64,
    most: f64,
}

impl Panel {
    fn x(&self, value: f64) -> f64 {
        let share =
            (value.clamp(self.least, self.most) / self.least).log10() / (self.most / self.least).log10();
        self.left + share * (self.right - self.left)
    }

    fn decades(&self) -> impl Iterator<Item = f64> {
        let (first, last) = (self.least.log10().ceil() as i32, self.most.log10().floor() as i32);
        (first..=last).map(|power| 10f64.powi(power))
    }

    /// Frame, grid, title and the names of both axes.
    fn frame(&self, svg: &mut String, title: &str, below: &str, label: impl Fn(f64) -> String) {
        let (left, right) = (self.left, self.right);
        let _ = writeln!(svg, r#"<text x="{left}" y="{}" class="title">{title}</text>"#, TOP - 14.0);
        let _ = writeln!(
            svg,
            r#"<rect x="{left}" y="{TOP}" width="{}" height="{}" class="frame"/>"#,
            right - left,
            BOTTOM - TOP
        );
        for decade in self.decades() {
            let x = self.x(decade);
            let _ = writeln!(svg, r#"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{BOTTOM}" class="grid"/>"#);
            let y = BOTTOM + 16.0;
            let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y}" class="tick middle">{}</text>"#, label(decade));
        }
        let (x, y) = (f64::midpoint(left, right), BOTTOM + 34.0);
        let _ = writeln!(svg, r#"<text x="{x}" y="{y}" class="tick middle">{below}</text>"#);
    }
}

/// The share of jobs that were fired within so long, at a steady rate and in a burst.
pub(crate) fn lateness(run: &Run) -> Option<String> {
    let steady = first_case(run, "steady")?;
    let burst = first_case(run, "burst")?;
    let mut svg = begin("How late jobs are fired");
    let panels = [
        (&steady, Panel { left: 60.0, right: 430.0, least: 0.1, most: 1_000.0 }, "orders come and expire"),
        (&burst, Panel { left: 500.0, right: 870.0, least: 1.0, most: 100_000.0 }, "orders are due"),
    ];
    for (rows, panel, what) in panels {
        let title = format!("{what}: {}", rows.first()?.case);
        let label = |ms: f64| if ms >= 1_000.0 { format!("{} s", ms / 1_000.0) } else { format!("{ms} ms") };
        panel.frame(&mut svg, &title, "fired within (logarithmic)", label);
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let (x, y) = (panel.left - 6.0, BOTTOM - share * (BOTTOM - TOP) + 4.0);
            let _ =
                writeln!(svg, r#"<text x="{x}" y="{y:.1}" class="tick end">{:.0} %</text>"#, share * 100.0);
        }
        for row in rows {
            let points =
                row.lateness.iter().map(|(share, ms)| (panel.x(*ms), BOTTOM - share * (BOTTOM - TOP)));
            line(&mut svg, row.contender, points);
        }
    }
    legend(
        &mut svg,
        STYLES.iter().map(|(name, ..)| *name).filter(|name| steady.iter().any(|row| row.contender == *name)),
    );
    Some(svg + "</svg>\n")
}

/// What a job costs Redis, and from end to end, with ever more of them pending.
pub(crate) fn growth(run: &Run) -> Option<String> {
    let rows: Vec<&Row> = run.medians.iter().filter(|row| row.workload == "growth").collect();
    let pending = |row: &Row| row.case.split(' ').next()?.replace(',', "").parse::<f64>().ok();
    let (least, most) = (pending(rows.first()?)?, pending(rows.last()?)?);
    if least >= most {
        return None;
    }
    let mut svg = begin("What a job costs as the schedule grows");
    let panel = Panel { left: 80.0, right: 870.0, least, most };
    let label = |jobs: f64| text::count(jobs.round() as usize);
    panel.frame(
        &mut svg,
        "µs for scheduling, claiming and completing one job",
        "jobs pending (logarithmic)",
        label,
    );
    let figures = [
        ("redis_us", "schedules", "in Redis"),
        ("job_us", "fleet", "wall clock, all processes on one machine"),
    ];
    let top =
        rows.iter().flat_map(|row| row.figures.get("job_us")).fold(1.0_f64, |top, us| top.max(*us)) * 1.2;
    let y = |us: f64| BOTTOM - us / top * (BOTTOM - TOP);
    for us in [0.0, top / 4.0, top / 2.0, top * 0.75, top] {
        let (x, y) = (panel.left - 6.0, y(us) + 4.0);
        let _ = writeln!(svg, r#"<text x="{x}" y="{y:.1}" class="tick end">{us:.1}</text>"#);
    }
    for (figure, style, name) in figures {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter_map(|row| Some((panel.x(pending(row)?), y(*row.figures.get(figure)?))))
            .collect();
        if let Some((x, y)) = points.last() {
            let _ = writeln!(svg, r#"<text x="{x:.1}" y="{:.1}" class="tick end">{name}</text>"#, y - 8.0);
        }
        line(&mut svg, style, points.into_iter());
    }
    Some(svg + "</svg>\n")
}

/// The rows of the first case of a workload.
fn first_case<'a>(run: &'a Run, workload: &str) -> Option<Vec<&'a Row>> {
    let all = || run.medians.iter().filter(|row| row.workload == workload && !row.lateness.is_empty());
    let first = all().next()?;
    Some(all().filter(|row| row.case == first.case).collect())
}

fn begin(title: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">
<style>
text {{ font: 13px sans-serif; fill: #222 }} .title {{ font-weight: bold }} .tick {{ font-size: 11px; fill: #555 }}
.middle {{ text-anchor: middle }} .end {{ text-anchor: end }}
.frame {{ fill: none; stroke: #999 }} .grid {{ stroke: #ddd }} polyline {{ fill: none; stroke-width: 2 }}
</style>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
"##
    )
}

fn line(svg: &mut String, contender: &str, points: impl Iterator<Item = (f64, f64)>) {
    let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(svg, r#"<polyline points="{}" {}/>"#, points.join(" "), stroke(contender));
}

fn legend<'a>(svg: &mut String, names: impl Iterator<Item = &'a str>) {
    for (index, name) in (0_u32..).zip(names) {
        let (x, y) = (60.0 + 140.0 * f64::from(index), HEIGHT - 10.0);
        let _ = writeln!(
            svg,
            r#"<polyline points="{x},{} {},{}" {}/><text x="{}" y="{y}">{name}</text>"#,
            y - 4.0,
            x + 30.0,
            y - 4.0,
            stroke(name),
            x + 36.0
        );
    }
}

fn stroke(contender: &str) -> String {
    let (_, colour, dashes) = STYLES.iter().find(|(name, ..)| *name == contender).unwrap_or(&STYLES[0]);
    format!(r#"stroke="{colour}" stroke-dasharray="{dashes}""#)
}
