//! How many deliveries a second reach 1, 10, 100 and 1,000 watchers of one session, how late, and what octod holds
//! meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use octo_proto::{
    Frame,
    frame::Request,
    hello::Hello,
    id::{RequestId, SessionId},
    wire::write_frame,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixStream,
    task::JoinSet,
    time::timeout,
};

use super::{
    house::{
        Daemon, House, PATIENCE,
        agent::{Script, now_us, stamps},
        memory::Memory,
        prompt,
    },
    table::{head, ms, percentile, row},
};

/// Watchers, deltas, and the pause between two: each row offers some 120,000 deliveries a second, the first what one
/// watcher gets from an agent that prints as fast as it can.
const ROWS: [(usize, u64, u64); 4] = [(1, 200_000, 0), (10, 50_000, 75), (100, 5_000, 800), (1_000, 600, 8_000)];

/// What one watcher saw.
#[derive(Default)]
struct Seen {
    frames: u64,
    deltas: u64,
    late: Vec<u64>,
}

/// Measures, and prints the table.
pub(crate) async fn measure() -> Result<()> {
    let columns = ["watchers", "printed/s", "deliveries/s", "frames/s", "p50", "p99", "octod RSS", "runner RSS"];
    head("Deliveries to watchers", &columns);
    for (watchers, deltas, pause_us) in ROWS {
        let house = House::with_both()?;
        let (client, _events) = house.connect().await?;
        let session = house.session(&client).await?;
        let mut tasks = JoinSet::new();
        for _ in 0..watchers {
            let stream = watch(&house, &session).await?;
            tasks.spawn(follow(stream));
        }
        // Messages of a moderate length, as agents write them.
        let script = Script { messages: deltas / 200, deltas: 200, pause_us, flood: 0 };
        let begun = Instant::now();
        client.request(prompt(&session, &script)?).await?;
        let (mut sum, mut peaks) = (Seen::default(), [0; 2]);
        while !tasks.is_empty() {
            for (peak, daemon) in peaks.iter_mut().zip([Daemon::Octod, Daemon::Runner]) {
                *peak = Memory::of(house.pid(daemon)?)?.rss.max(*peak);
            }
            if let Ok(Some(seen)) = timeout(Duration::from_millis(200), tasks.join_next()).await {
                let seen = seen??;
                sum.frames += seen.frames;
                sum.deltas += seen.deltas;
                sum.late.extend(seen.late);
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let rate = |count: u64| format!("{:.0}", count as f64 / seconds);
        let late = [percentile(&mut sum.late, 0.5), percentile(&mut sum.late, 0.99)].map(ms);
        let rates = [rate(script.messages * script.deltas), rate(sum.deltas), rate(sum.frames)];
        let held = peaks.map(|kib| format!("{:.1} MB", kib as f64 / 1024.0));
        row(&[vec![watchers.to_string()], rates.to_vec(), late.to_vec(), held.to_vec()].concat());
    }
    Ok(())
}

/// A connection that watches. It takes frames apart no further than it must, since it shares the cores with Octo.
async fn watch(house: &House, session: &SessionId) -> Result<BufReader<UnixStream>> {
    let mut stream = UnixStream::connect(house.socket()).await?;
    let hello = Request::new("system", "1", &Hello::request("bench", "0"))?;
    write_frame(&mut stream, &Frame::Request(hello)).await?;
    let request = Request::new("agent", RequestId::draw().0, &json!({ "cmd": "watch" }))?.about(session.clone());
    write_frame(&mut stream, &Frame::Request(request)).await?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.contains("\"session.snapshot\"") {
        line.clear();
        timeout(PATIENCE, stream.read_line(&mut line)).await??;
    }
    Ok(stream)
}

async fn follow(mut stream: BufReader<UnixStream>) -> Result<Seen> {
    let mut seen = Seen::default();
    let mut line = String::new();
    loop {
        line.clear();
        let count = timeout(PATIENCE, stream.read_line(&mut line)).await??;
        let now = now_us();
        if count == 0 || line.contains("\"prompt.ended\"") {
            return Ok(seen);
        }
        if line.contains("\"stream.text_delta\"") {
            let frame: Value = serde_json::from_str(&line)?;
            let delta = frame["body"]["delta"].as_str().context("a delta has text")?;
            let mut count = 0;
            for (_, at) in stamps(delta) {
                // The oldest of those that came as one.
                if count == 0 {
                    seen.late.push(now.saturating_sub(at));
                }
                count += 1;
            }
            seen.frames += 1;
            seen.deltas += count;
        }
    }
}
