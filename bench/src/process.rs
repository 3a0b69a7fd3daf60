//! What a process has used: CPU time and memory, from `/proc`.

use std::time::Duration;

use tests::Server;

/// CPU time that the server's threads have used so far, to the nanosecond: `stat` counts in steps of ten milliseconds.
///
/// A thread that has ended takes its time with it. Those are the few that wait for files, after ten idle seconds.
pub(crate) fn cpu(server: &Server) -> Duration {
    cpu_of(server.id())
}

/// The same of any process.
pub(crate) fn cpu_of(process: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let used = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
    let nanoseconds = used.map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap());
    Duration::from_nanos(nanoseconds.sum())
}

/// CPU time that the server has used so far, with that of threads that have ended; in steps of ten milliseconds.
pub(crate) fn whole_cpu(server: &Server) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
    // Behind the name, which may have anything in it: the state, and eleven more before the two times.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Memory of the server that is in use, in KiB.
pub(crate) fn memory(server: &Server) -> u64 {
    status(server, "VmRSS:")
}

/// The most of it that was in use so far, in KiB.
pub(crate) fn peak_memory(server: &Server) -> u64 {
    status(server, "VmHWM:")
}

fn status(server: &Server, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
