//! What is measured with subscriptions: at a steady rate, at the highest, and while nothing is said.

use std::{
    sync::{atomic::Ordering::Relaxed, Arc},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::time::sleep;

use crate::{fan::Fan, percentile, Bench, Sample};

impl Bench {
    pub(super) async fn fanout(self: &Arc<Self>) {
        let s = "fanout";
        let subs = self.get(s, "subs", 200.0) as usize;
        let sockets = self.get(s, "sockets", subs as f64) as usize;
        let (rate, secs) = (self.get(s, "rate", 20.0), self.get(s, "secs", 4.0));
        let fan = Fan::new();
        let failed = self.open(&fan, self.crowd(subs), sockets).await;
        let live = fan.open.load(Relaxed);
        let settled = self.settle(&fan, live).await;
        self.sender(&fan, rate, self.get(s, "warm", 1.0)).await;
        sleep(Duration::from_millis(200)).await;
        fan.begin();
        fan.eager.store(true, Relaxed);
        let a = self.sample();
        let (acked, errors) = self.sender(&fan, rate, secs).await;
        fan.drain(acked * u64::from(live), 3.0).await;
        let b = self.sample();
        let got = fan.got.load(Relaxed);
        let extra = json!({"subs": live, "sockets": sockets, "rate": rate, "sent": acked, "settled": settled,
            "lost": (acked * u64::from(live)) as i64 - got as i64, "sockets_dropped": fan.dropped.load(Relaxed)});
        let lat = std::mem::take(&mut *fan.lat.lock().unwrap());
        self.report(s, got, errors + failed + fan.errors.load(Relaxed), lat, a, b, extra);
        fan.close();
    }

    pub(super) async fn fanout_max(self: &Arc<Self>) {
        let s = "fanout-max";
        let subs = self.get(s, "subs", 1000.0) as usize;
        let sockets = self.get(s, "sockets", subs as f64) as usize;
        let step = self.get(s, "step", 2.0);
        let growth = self.get(s, "growth", 1.6);
        let mut rate = self.get(s, "rate", 10.0);
        let fan = Fan::new();
        let failed = self.open(&fan, self.crowd(subs), sockets).await;
        let live = u64::from(fan.open.load(Relaxed));
        let settled = self.settle(&fan, live as u32).await;
        self.sender(&fan, rate, 0.5).await;
        sleep(Duration::from_millis(300)).await;
        let mut best: Option<(f64, Sample, Sample, u64, Vec<u32>, f64)> = None;
        let (mut steps, mut errors) = (Vec::new(), 0);
        for _ in 0..12 {
            fan.begin();
            let a = self.sample();
            let counter = fan.clone();
            let window = tokio::spawn(async move {
                sleep(Duration::from_secs_f64(step)).await;
                counter.got.load(Relaxed)
            });
            let (acked, e) = self.sender(&fan, rate, step).await;
            let in_time = window.await.unwrap();
            errors += e;
            // what the step still owes must arrive before the next one begins
            fan.drain(acked * live, 5.0).await;
            let got = fan.got.load(Relaxed);
            let c = self.sample();
            let per_s = in_time as f64 / step;
            let offered = rate * live as f64;
            let lost = (acked * live) as i64 - got as i64;
            steps.push(json!({"rate": rate.round(), "offered_s": offered.round(), "deliveries_s": per_s.round(), "lost": lost}));
            let mut lat = std::mem::take(&mut *fan.lat.lock().unwrap());
            lat.sort_unstable();
            let late = percentile(&lat, 0.99) > 1_000_000;
            if best.as_ref().is_none_or(|x| per_s > x.0) {
                // CPU over the whole step, drain included, per delivery of the whole step
                best = Some((per_s, a, c, got, lat, rate));
            }
            if per_s < 0.85 * offered || late || lost > 0 {
                break;
            }
            rate *= growth;
        }
        if let Some((per_s, a, c, got, lat, rate)) = best {
            let extra = json!({"subs": live, "sockets": sockets, "peak_deliveries_s": per_s.round(), "at_rate": rate.round(),
                "settled": settled, "steps": steps, "sockets_dropped": fan.dropped.load(Relaxed)});
            self.report(s, got, errors + failed + fan.errors.load(Relaxed), lat, a, c, extra);
        }
        fan.close();
    }

    pub(super) async fn idle(self: &Arc<Self>) {
        let s = "idle";
        let subs = self.get(s, "subs", 2000.0) as usize;
        // open and close a few first, so that code and arenas are there before the count
        let warm = Fan::new();
        self.open(&warm, self.crowd(32), 32).await;
        sleep(Duration::from_millis(500)).await;
        warm.close();
        sleep(Duration::from_millis(500)).await;
        let before = self.sample();
        let fan = Fan::new();
        let many: Vec<_> = (0..subs).map(|i| self.ids.send[i % self.ids.send.len()].clone()).collect();
        let t0 = Instant::now();
        let failed = self.open(&fan, many.clone(), subs).await;
        let connect_s = t0.elapsed().as_secs_f64();
        sleep(Duration::from_secs_f64(self.get(s, "settle", 1.5))).await;
        let opened = self.sample();
        sleep(Duration::from_secs_f64(self.get(s, "secs", 1.5))).await;
        let after = self.sample();
        // are they subscribed? one message to one thread must reach each of its subscribers
        let one = self.ids.send[0].clone();
        let want = many_of(&many, &one.0);
        fan.begin();
        let (acked, _) = self.send_to(&fan, 10.0, 0.1, Some(one)).await;
        fan.drain(want, 3.0).await;
        let lost = want as i64 - fan.got.load(Relaxed) as i64;
        if acked == 0 || lost != 0 {
            self.error(format!("idle: {lost} of {want} subscribers of the thread tried got nothing"));
        }
        let live = u64::from(fan.open.load(Relaxed)).max(1);
        let per = (after.server.rss_kb as f64 - before.server.rss_kb as f64) / live as f64;
        let connect_us = (opened.server.cpu_us - before.server.cpu_us) / live as f64;
        let extra = json!({"subs": live, "rss_kb_per_conn": (per * 10.0).round() / 10.0, "rss_before_mb": before.server.rss_kb / 1024,
            "lost": lost, "connect_cpu_us": connect_us.round(), "connects_s": (live as f64 / connect_s).round(),
            "sockets_dropped": fan.dropped.load(Relaxed)});
        self.report(s, live, failed + fan.errors.load(Relaxed), vec![], opened, after, extra);
        fan.close();
        sleep(Duration::from_millis(500)).await;
    }
}

fn many_of(subs: &[(String, String)], thread: &str) -> u64 {
    subs.iter().filter(|s| s.0 == thread).count() as u64
}
