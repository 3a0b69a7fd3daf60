//! The command line. `serve` is the default; see `linnet --help`.

// Small allocations dominate; measured against the system's allocator in bench/README.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    linnet::run()
}
