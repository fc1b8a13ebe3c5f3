//! What the screen is told: the status as it changes, and every few seconds what falls due.

use std::time::Duration;

use common::operator::Status;
use tokio::{sync::mpsc, time::sleep};

use super::state::News;
use crate::{
    client::Client,
    exit::{Exit, Failure},
};

/// Between two looks at what falls due.
const FORECAST: Duration = Duration::from_secs(5);
/// Between two attempts to reach console, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);

/// Two tasks, until nobody listens.
pub(super) fn start(client: Client) -> mpsc::Receiver<News> {
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(forecasts(client.clone(), sender.clone()));
    tokio::spawn(statuses(client, sender));
    receiver
}

async fn forecasts(client: Client, sender: mpsc::Sender<News>) {
    loop {
        // Why it fails is told by the other task.
        if let Ok(forecast) = client.forecast_timers().await
            && sender.send(News::Forecast(Box::new(forecast.value))).await.is_err()
        {
            return;
        }
        sleep(FORECAST).await;
    }
}

async fn statuses(client: Client, sender: mpsc::Sender<News>) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let failure = match follow(&client, &sender, &mut pause).await {
            Ok(()) => Failure::away("console has ended the stream"),
            Err(failure) => failure,
        };
        let is_final = matches!(failure.exit, Exit::NotAllowed | Exit::NotFound | Exit::Usage);
        let news = if is_final { News::Refused(failure) } else { News::Lost(failure.message) };
        if sender.send(news).await.is_err() || is_final {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Until the stream ends or nobody listens.
async fn follow(client: &Client, sender: &mpsc::Sender<News>, pause: &mut Duration) -> Result<(), Failure> {
    let mut events = client.stream_status().await?;
    while let Some(event) = events.next().await? {
        let status: Status = serde_json::from_str(&event)
            .map_err(|error| Failure::failed(format!("the status can't be read: {error}")))?;
        *pause = SHORTEST_PAUSE;
        if sender.send(News::Status(Box::new(status))).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
