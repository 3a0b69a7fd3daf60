//! What the server counts, as Prometheus reads it.

use std::collections::BTreeMap;

use crate::Server;

/// All samples of one look at `/metrics`.
pub struct Metrics {
    samples: Vec<Sample>,
}

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Server {
    /// What it has counted so far.
    pub async fn metrics(&self) -> Metrics {
        let answer = self.http().get(self.at("/metrics")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "GET /metrics");
        Metrics::read(&answer.text().await.unwrap())
    }
}

impl Metrics {
    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { samples: lines.map(Sample::read).collect() }
    }

    /// The sum of the samples with this name and at least these labels; 0 if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.of(name, labels).map(|sample| sample.value).sum()
    }

    /// How many samples have this name and at least these labels.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> usize {
        self.of(name, labels).count()
    }

    /// The values that a label has among the samples of this name.
    pub fn labels<'a>(&'a self, name: &'a str, label: &str) -> Vec<&'a str> {
        self.of(name, &[]).filter_map(|sample| sample.labels.get(label)).map(String::as_str).collect()
    }

    fn of<'a>(&'a self, name: &'a str, labels: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = &'a Sample> {
        let has = |sample: &Sample, (label, value): &(&str, &str)| {
            sample.labels.get(*label).is_some_and(|known| known == value)
        };
        let named = self.samples.iter().filter(move |sample| sample.name == name);
        named.filter(move |sample| labels.iter().all(|label| has(sample, label)))
    }
}

impl Sample {
    fn read(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
        let labels = labels.split("\",").filter_map(|pair| pair.split_once("=\""));
        let labels = labels.map(|(label, value)| (label.to_owned(), value.trim_end_matches('"').to_owned()));
        Self {
            name: name.to_owned(),
            labels: labels.collect(),
            value: value.parse().unwrap_or_else(|_| panic!("no number: {line}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn samples_are_found_by_name_and_labels() {
        let metrics = Metrics::read("# HELP a b\na 1\nb{x=\"1\",y=\"\"} 2\nb{x=\"2\",y=\"z\"} 3.5\n");
        assert!((metrics.sum("a", &[]) - 1.0).abs() < 1e-9 && (metrics.sum("b", &[]) - 5.5).abs() < 1e-9);
        assert!((metrics.sum("b", &[("x", "2")]) - 3.5).abs() < 1e-9);
        assert_eq!((metrics.count("b", &[("y", "")]), metrics.labels("b", "x")), (1, vec!["1", "2"]));
    }
}
