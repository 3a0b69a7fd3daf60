//! Puts pages where the server embeds them from: the API explorer into `$OUT_DIR/graphiql` (`src/http/graphiql.rs`), the
//! example for the web into `$OUT_DIR/web` (`src/http/web.rs`).
//!
//! Of the explorer it takes the first of these: a build in `graphiql/dist` that is newer than its sources; what this script
//! built before from the same sources; what npm builds now; `graphiql/fallback.html`. npm works on a copy below the target
//! folder of cargo, which debug and release builds share, so that the source tree may be read-only and stays clean.
//!
//! The example is taken if it was built in `clients/web/dist`, which is for its own packages to do, and is newer than its
//! sources.
//!
//! A missing page is a warning at most and never fails the build of the server.

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{env, fmt};

/// Everything that a build of the explorer depends on, below `graphiql/`.
const SOURCES: [&str; 5] = ["package.json", "package-lock.json", "vite.config.js", "index.html", "src"];

/// Everything that a build of the example depends on, below `clients/web/`.
const WEB_SOURCES: [&str; 7] =
    ["package.json", "package-lock.json", "vite.config.js", "codegen.config.js", "index.html", "public", "src"];

/// Set to anything but 0: npm is not run.
const SKIP: &str = "LINNET_SKIP_GRAPHIQL";

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo starts build scripts in the package's folder.
    let project = Path::new("graphiql");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not set OUT_DIR")?);
    let embedded = out.join("graphiql");

    rerun_if_changed(project.join("fallback.html"));
    SOURCES.iter().for_each(|source| rerun_if_changed(project.join(source)));
    println!("cargo::rerun-if-env-changed={SKIP}");
    embed_web(Path::new("../clients/web"), &out.join("web"))?;

    let problem = match find_or_build(project, &out, &embedded) {
        Ok(()) => return Ok(()),
        Err(problem) => problem,
    };
    println!("cargo::warning=the server is built without GraphiQL, which / will tell: {problem}");
    match problem {
        Problem::Skipped => {}
        // Cargo looks at the folders again at the next build, and builds the explorer once npm has come into one.
        Problem::NoNpm => {
            println!("cargo::rerun-if-env-changed=PATH");
            let path = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&path).filter(|folder| folder.is_absolute() && folder.is_dir()).for_each(rerun_if_changed);
        }
        // A file that does not exist counts as changed, so the next build tries again.
        Problem::Failed(_) => rerun_if_changed(out.join("try-again")),
    }
    replace_folder(&embedded)?;
    fs::copy(project.join("fallback.html"), embedded.join("fallback.html"))?;
    Ok(())
}

/// Why there is no explorer.
enum Problem {
    Skipped,
    NoNpm,
    Failed(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped => write!(f, "{SKIP} is set"),
            Self::NoNpm => write!(f, "npm is not on the PATH (install Node >= 20.19 with npm, and build again)"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

fn find_or_build(project: &Path, out: &Path, embedded: &Path) -> Result<(), Problem> {
    let dist = project.join("dist");
    if dist.is_dir() {
        rerun_if_changed(&dist);
        if is_current(&dist, project, &SOURCES)? {
            return Ok(embed(&dist, embedded)?);
        }
        println!("cargo::warning=api/graphiql/dist is older than its sources, and not used");
    }

    // Cargo marks its target folder, wherever that is; only a folder of this build alone would be the fallback.
    let own = out.join("own");
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).unwrap_or(&own);
    let work = target.join("graphiql");
    fs::create_dir_all(&work)?;
    // A debug and a release build may run at once. Where the file system has no locks, that much is risked.
    let lock = File::create(work.join("lock"))?;
    let _ = lock.lock();

    let copy = work.join("project");
    let stamp = work.join("stamp");
    let fingerprint = fingerprint(project, &SOURCES)?;
    if !is_stamped(&stamp, &fingerprint) {
        if env::var_os(SKIP).is_some_and(|value| !value.is_empty() && value != "0") {
            return Err(Problem::Skipped);
        }
        let _ = fs::remove_file(&stamp);
        build(project, &copy)?;
        fs::write(&stamp, &fingerprint)?;
    }
    Ok(embed(&copy.join("dist"), embedded)?)
}

/// The folder is there, and empty, where the example was not built.
fn embed_web(project: &Path, embedded: &Path) -> io::Result<()> {
    replace_folder(embedded)?;
    let dist = project.join("dist");
    // Whoever has the server's sources alone has no example.
    if !dist.is_dir() {
        return Ok(());
    }
    rerun_if_changed(&dist);
    WEB_SOURCES.iter().for_each(|source| rerun_if_changed(project.join(source)));
    if !dist.join("index.html").is_file() {
        return Ok(());
    }
    if !is_current(&dist, project, &WEB_SOURCES)? {
        println!("cargo::warning=clients/web/dist is older than its sources, and not served at /app");
        return Ok(());
    }
    copy_all(&dist, embedded)
}

/// Builds in `copy`. What npm has installed there stays for the next time, which then needs no network.
fn build(project: &Path, copy: &Path) -> Result<(), Problem> {
    replace_folder(&copy.join("src"))?;
    for source in SOURCES {
        copy_all(&project.join(source), &copy.join(source))?;
    }
    let installed = copy.join("node_modules/.installed");
    let fingerprint = fingerprint(project, &["package.json", "package-lock.json"])?;
    if !is_stamped(&installed, &fingerprint) {
        // No package needs its install scripts, so none runs. Who is offline should learn so in seconds.
        let quickly = ["--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"];
        npm(copy, &["ci"], &[&["--include=dev", "--ignore-scripts"][..], &quickly].concat())?;
        fs::write(&installed, &fingerprint)?;
    }
    npm(copy, &["run", "build"], &[])
}

fn npm(folder: &Path, command: &[&str], options: &[&str]) -> Result<(), Problem> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let run = Command::new(program)
        .args(command)
        .args(options)
        .args(["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"])
        .current_dir(folder)
        // Cargo's DEBUG and the caller's NODE_ENV mean something else to what runs here.
        .env_remove("DEBUG")
        .env_remove("NODE_ENV")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output();
    let output = match run {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(Problem::NoNpm),
        Err(error) => return Err(Problem::Failed(format!("npm: {error}"))),
    };
    // Cargo shows of a build script nothing but its warnings. npm and Vite begin with what went wrong.
    let words = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    for line in String::from_utf8_lossy(words).lines().filter(|line| !line.trim().is_empty()).take(10) {
        println!("cargo::warning={line}");
    }
    let (command, status) = (command.join(" "), output.status);
    Err(Problem::Failed(format!("npm {command} failed ({status}); the next build tries again, {SKIP}=1 stops that")))
}

/// Whether a build made by hand, or brought from elsewhere, is not older than any of its sources.
fn is_current(dist: &Path, project: &Path, sources: &[&str]) -> io::Result<bool> {
    let Ok(built) = fs::metadata(dist.join("index.html")).and_then(|page| page.modified()) else { return Ok(false) };
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in sources {
        for file in files_below(&project.join(source))? {
            newest = newest.max(fs::metadata(file)?.modified()?);
        }
    }
    Ok(newest <= built)
}

/// A name for the content of the files. Should another Rust hash differently, all that happens is one more build.
fn fingerprint(project: &Path, sources: &[&str]) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for source in sources {
        for file in files_below(&project.join(source))? {
            hasher.write(file.as_os_str().as_encoded_bytes());
            hasher.write_u8(0);
            let content = fs::read(file)?;
            hasher.write_usize(content.len());
            hasher.write(&content);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn is_stamped(stamp: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|content| content == fingerprint)
}

fn embed(dist: &Path, embedded: &Path) -> io::Result<()> {
    replace_folder(embedded)?;
    copy_all(dist, embedded)
}

fn replace_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(folder),
    }
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    for file in files_below(from)? {
        let target = match file.strip_prefix(from) {
            Ok(name) if name != OsStr::new("") => to.join(name),
            _ => to.to_path_buf(),
        };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        // Not `fs::copy`, which would bring the permissions of a read-only tree along.
        fs::write(target, fs::read(&file)?)?;
    }
    Ok(())
}

/// All files of a folder in a fixed order, but for hidden ones; or the file itself.
fn files_below(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.retain(|entry| entry.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        files.extend(files_below(&entry)?);
    }
    Ok(files)
}

fn rerun_if_changed(path: impl AsRef<Path>) {
    println!("cargo::rerun-if-changed={}", path.as_ref().display());
}
