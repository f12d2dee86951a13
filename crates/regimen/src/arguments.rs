//! The command line.
//!
//! Commands, flags and exit codes are a contract: extend them, rename or remove nothing.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::Timestamp;

/// Keeps network-connected medical devices, and the patients on them, safe.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// Folder for everything that is kept.
    #[arg(long, global = true, default_value = "./regimen-data", env = "REGIMEN_DATA")]
    pub(crate) data: PathBuf,
    /// Store: `sqlite:PATH` or `postgres://…`; a file in the data folder where not given.
    #[arg(long, global = true, env = "REGIMEN_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// Folder of the secret keys, beside the data folder and never in it; DATA-keys where not given.
    #[arg(long, global = true, value_name = "DIR", env = "REGIMEN_KEYS")]
    pub(crate) keys: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long, global = true, conflicts_with = "jsonl")]
    pub(crate) json: bool,
    /// Print one JSON object a line.
    #[arg(long, global = true)]
    pub(crate) jsonl: bool,
    /// The time to work with, RFC 3339, in place of the clock.
    #[arg(long, global = true, value_name = "TIME")]
    pub(crate) now: Option<Timestamp>,
    /// Say less.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a simulated hospital through the real pipeline and open the hub on it.
    Demo(Demo),
    /// Run the hub: pages and API.
    Serve(Serve),
    /// Show the devices, facts and conversations in captures. Keeps nothing.
    Observe(Observe),
    /// Show which devices of an inventory the disclosures affect. Keeps nothing.
    Match(Match),
    /// Take files in: captures, CSAF, KEV, EPSS, inventories. The content decides the type.
    Ingest(Ingest),
    /// The inventory.
    #[command(subcommand)]
    Assets(Assets),
    /// Software on devices.
    #[command(subcommand)]
    Software(Software),
    /// The inventory sources: what lists which devices.
    #[command(subcommand)]
    Sources(Sources),
    /// The disclosures held.
    #[command(subcommand)]
    Disclosures(Disclosures),
    /// What was decided, and why.
    #[command(subcommand)]
    Verdicts(Verdicts),
    /// Segmentation policies: text in a folder, its renderings, their proof. Keeps nothing.
    #[command(subcommand)]
    Policy(Policy),
    /// The evidence log.
    #[command(subcommand)]
    Evidence(Evidence),
    /// People who can sign in, programs with a token, and what is granted to them.
    #[command(subcommand)]
    People(People),
    /// How this house is run: its name, how many decide, how long things hold.
    #[command(subcommand)]
    Settings(Settings),
    /// The secret keys of this hub.
    #[command(subcommand)]
    Keys(Keys),
    /// Whole copies of the store, of either database: one file, without the keys.
    #[command(subcommand)]
    Backup(Backup),
    /// Who may do what.
    #[command(subcommand)]
    Access(Access),
    /// What the hub does by itself.
    #[command(subcommand)]
    Jobs(Jobs),
    /// Remove a text that should never have been taken in from everything that is held.
    Redact(Redact),
    /// Check the set-up and say what is missing and how to mend it.
    Doctor,
    /// Bring a store that an older version wrote up to date.
    Upgrade,
}

/// `regimen demo`.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// About how many devices the hospital has.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(20..=20_000))]
    pub(crate) devices: u32,
    /// Seed: the same seed gives the same hospital.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Port of the pages on 127.0.0.1.
    #[arg(long, default_value_t = 8405)]
    pub(crate) port: u16,
    /// Build the hospital and take it in, print what was found, and stop.
    #[arg(long)]
    pub(crate) no_serve: bool,
}

/// `regimen serve`.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address to listen on. Anything but a loopback address should have TLS in front of it.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) address: IpAddr,
    /// Port to listen on.
    #[arg(long, default_value_t = 8405)]
    pub(crate) port: u16,
    /// Name that browsers use for this hub; may be given more than once.
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// A TLS proxy stands in front: send the session cookie over HTTPS only.
    #[arg(long)]
    pub(crate) behind_tls: bool,
    /// Address of a proxy in front whose `X-Forwarded-For` is believed; may be given more than once.
    #[arg(long = "trusted-proxy", value_name = "ADDRESS")]
    pub(crate) trusted_proxies: Vec<IpAddr>,
}

/// `regimen observe`.
#[derive(Args, Debug)]
pub(crate) struct Observe {
    /// Capture files, plain, gzip or Zstandard; `-` is standard input.
    #[arg(required_unless_present = "interface")]
    pub(crate) files: Vec<PathBuf>,
    /// Listen on a network interface. Sends nothing.
    #[arg(short = 'i', long)]
    pub(crate) interface: Option<String>,
    /// How long to listen on the interface, in seconds.
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 60, requires = "interface")]
    pub(crate) seconds: u64,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// How captures are read.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Keep no value of these attributes: `names` for all that can carry a person's name, or
    /// single ones, separated by commas.
    #[arg(long, value_name = "ATTRIBUTES", env = "REGIMEN_MASK", default_value = "")]
    pub(crate) mask: hub::one_shot::Mask,
    /// Seed of the hash tables, to repeat a run; a secret one is made where not given.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

impl From<Reading> for hub::one_shot::Reading {
    fn from(reading: Reading) -> Self {
        Self { mask: reading.mask, seed: reading.seed }
    }
}

/// `regimen match`.
#[derive(Args, Debug)]
pub(crate) struct Match {
    /// Inventory, CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) inventory: PathBuf,
    /// Disclosures: CSAF files or folders; KEV and EPSS files beside them are used too.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub(crate) disclosures: Vec<PathBuf>,
    /// End with exit code 4 where a verdict is this bad.
    #[arg(long, value_name = "VERDICT")]
    pub(crate) fail_on: Option<FailOn>,
}

/// The worst verdict that is let pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FailOn {
    /// Any affected device.
    Affected,
    /// Any affected or undecided device.
    Unknown,
}

/// `regimen ingest`.
#[derive(Args, Debug)]
pub(crate) struct Ingest {
    /// Files and folders.
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The type, where you know better than the content: capture, csaf, kev, epss, inventory.
    #[arg(long = "as", value_name = "TYPE")]
    pub(crate) kind: Option<hub::Kind>,
    /// Site that the devices belong to.
    #[arg(long, default_value = "")]
    pub(crate) site: String,
    /// Name of the source: of an inventory (without it, the headings tell which one it is), or who
    /// brought the documents.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) source: String,
    /// Whether an inventory that lacks many rows is partial: yes keeps them listed, no marks them.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub(crate) partial: Option<bool>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

fn time_or_day(text: &str) -> Result<Timestamp, String> {
    Timestamp::of_time_or_day(text)
        .map_err(|_| "a time like 2026-11-01T00:00:00Z, or a day".to_owned())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
}

/// A part of a list.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Rows to show at most.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
    /// Rows to pass over.
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: u64,
}

/// `regimen assets`.
#[derive(Debug, Subcommand)]
pub(crate) enum Assets {
    /// List devices.
    List {
        /// Text to look for: MAC, IP, serial, name, maker, model, location.
        text: Option<String>,
        /// Only this class.
        #[arg(long)]
        class: Option<String>,
        /// Only this maker.
        #[arg(long)]
        maker: Option<String>,
        /// Only this site.
        #[arg(long)]
        site: Option<String>,
        /// Only devices with a verdict of this kind.
        #[arg(long)]
        verdict: Option<VerdictName>,
        /// Only devices out of use (yes) or in use (no).
        #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
        retired: Option<bool>,
        /// As it was at this time, e.g. `2026-11-01T00:00:00Z`, or at the end of this day.
        #[arg(long, value_name = "TIME", value_parser = time_or_day)]
        as_of: Option<Timestamp>,
        #[command(flatten)]
        part: Part,
    },
    /// Show one device with the evidence behind each value.
    Show {
        /// Its key, asset id, address, serial or name.
        device: String,
    },
    /// Every change of one device, oldest first.
    History {
        /// Its key, asset id, address, serial or name.
        device: String,
    },
}

/// A verdict on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum VerdictName {
    /// Affected.
    Affected,
    /// Not decided.
    Unknown,
    /// Not affected.
    NotAffected,
}

/// `regimen software`.
#[derive(Debug, Subcommand)]
pub(crate) enum Software {
    /// List software and how many devices have it.
    List {
        /// Text to look for in the name.
        text: Option<String>,
        /// As it was at this time, or at the end of this day.
        #[arg(long, value_name = "TIME", value_parser = time_or_day)]
        as_of: Option<Timestamp>,
        #[command(flatten)]
        part: Part,
    },
}

/// `regimen sources`.
#[derive(Debug, Subcommand)]
pub(crate) enum Sources {
    /// List inventory sources, each with its newest export and how many devices it lists.
    List,
}

/// `regimen disclosures`.
#[derive(Debug, Subcommand)]
pub(crate) enum Disclosures {
    /// List disclosures.
    List {
        /// Text to look for: tracking id, CVE, title, publisher, product.
        text: Option<String>,
        #[command(flatten)]
        part: Part,
    },
    /// Show one disclosure and the devices it touches.
    Show {
        #[command(flatten)]
        disclosure: Named,
    },
    /// Trust a publisher: its newer documents may clear devices without a question.
    Trust {
        /// Namespace of the publisher, as its documents name it.
        namespace: String,
        /// Only what this source brings (`ingest --source NAME`); any where not given.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Trust a publisher no more; what was accepted stays so.
    Untrust {
        /// Namespace of the publisher.
        namespace: String,
        /// The source that was named when it was trusted.
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// List the publishers that are trusted.
    Trusted,
}

/// A disclosure on the command line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Named {
    /// Its tracking id, e.g. `ICSMA-23-194-01`, or its key; or the publisher's namespace and the id.
    #[arg(required = true, num_args = 1..=2, value_names = ["ID", "ID AFTER NAMESPACE"])]
    pub(crate) words: Vec<String>,
    /// Namespace of the publisher, where several use one tracking id.
    #[arg(long)]
    pub(crate) namespace: Option<String>,
}

/// `regimen verdicts`.
#[derive(Debug, Subcommand)]
pub(crate) enum Verdicts {
    /// List verdicts, worst first.
    List {
        /// Only this verdict.
        #[arg(long)]
        verdict: Option<VerdictName>,
        /// Only this disclosure: its key, or all with this tracking id.
        #[arg(long)]
        disclosure: Option<String>,
        /// Only this CVE.
        #[arg(long)]
        vulnerability: Option<String>,
        /// As they were at this time, or at the end of this day.
        #[arg(long, value_name = "TIME", value_parser = time_or_day)]
        as_of: Option<Timestamp>,
        #[command(flatten)]
        part: Part,
    },
    /// Show every step behind the verdicts of one device for one disclosure.
    Explain {
        /// The device: key, asset id, address, serial or name.
        device: String,
        /// The disclosure: tracking id or key; all where not given.
        disclosure: Option<String>,
    },
    /// Every change of a verdict of one device, oldest first.
    History {
        /// The device: key, asset id, address, serial or name.
        device: String,
    },
    /// Disclosures whose newest version would clear devices, and that wait to be confirmed.
    Held,
    /// Agree to what the newest version of a disclosure clears, or a newer version of Regimen.
    Confirm {
        /// The disclosure: tracking id, key, or namespace and tracking id.
        #[arg(num_args = 0..=2, required_unless_present = "engine", value_names = ["ID", "ID AFTER NAMESPACE"])]
        words: Vec<String>,
        /// Namespace of the publisher, where several use one tracking id.
        #[arg(long)]
        namespace: Option<String>,
        /// What the newer version of Regimen clears.
        #[arg(long, conflicts_with = "words")]
        engine: bool,
    },
    /// What turned to not affected, or ended, and why; newest first.
    Cleared {
        /// Only since this time, e.g. `2026-11-01T00:00:00Z`.
        #[arg(long)]
        since: Option<Timestamp>,
        /// How many rows at most.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
}

/// `regimen evidence`.
#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// Check the whole chain and its checkpoints; exit code 4 where anything does not hold.
    Verify {
        /// Also hold documents, inputs, decisions, verdicts, devices and accounts against it.
        #[arg(long)]
        deep: bool,
        /// A signed checkpoint that was kept elsewhere: the log must still contain its row.
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Digest the tables and sign the end of the chain; keep what it prints outside the machine.
    Checkpoint {
        /// Write the signed note to this file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show the newest rows.
    Show {
        #[command(flatten)]
        part: Part,
    },
}

/// `regimen keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List keys: what each is for, since when, and its public half.
    List,
    /// Make a new key to sign checkpoints with; the one before it stays in use beside it.
    Rotate,
}

/// `regimen backup`.
#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Copy everything into a new file while the hub runs, and check it.
    Create {
        /// The new file, or a folder to make it in.
        file: PathBuf,
    },
    /// Check a backup: exit code 4 where it is not good.
    Verify {
        /// The backup.
        file: PathBuf,
    },
    /// Put a backup in the place of the store. Stop the hub first.
    Restore {
        /// The backup.
        file: PathBuf,
        /// A store stands there: keep it under another name.
        #[arg(long)]
        replace: bool,
    },
}

/// `regimen redact`.
#[derive(Args, Debug)]
pub(crate) struct Redact {
    /// The text, in any case of its letters; `-` reads it from standard input, so that it stands in
    /// no history of commands.
    pub(crate) text: String,
    /// Why, without saying the text again.
    #[arg(long)]
    pub(crate) reason: String,
}

/// `regimen people`.
#[derive(Debug, Subcommand)]
pub(crate) enum People {
    /// List accounts.
    List,
    /// Make an account and print a password for its first sign-in.
    Add {
        /// Account name.
        name: String,
        /// viewer, biomed, analyst or administrator.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Name to show.
        #[arg(long)]
        display_name: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Make an account for a program and print its bearer token, once.
    Token {
        /// Account name.
        name: String,
        /// viewer, biomed, analyst or administrator.
        #[arg(long, default_value = "viewer")]
        role: String,
        /// Days for which it holds.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        #[command(flatten)]
        reach: Reach,
    },
    /// Grant a role: everywhere, or at sites and departments.
    Grant {
        /// Account name.
        name: String,
        /// viewer, biomed, analyst or administrator.
        role: String,
        /// In the whole house.
        #[arg(long, conflicts_with_all = ["sites", "departments"],
            required_unless_present_any = ["sites", "departments"])]
        everywhere: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Take a grant back, named as it was granted.
    Revoke {
        /// Account name.
        name: String,
        /// viewer, biomed, analyst or administrator.
        role: String,
        /// That of the whole house.
        #[arg(long, conflicts_with_all = ["sites", "departments"],
            required_unless_present_any = ["sites", "departments"])]
        everywhere: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Call an account by another name; its key and its history stay.
    Rename {
        /// Account name of today.
        name: String,
        /// The new one.
        new_name: String,
    },
    /// Keep an account out and end its sessions.
    Disable {
        /// Account name.
        name: String,
    },
    /// Let an account in again.
    Enable {
        /// Account name.
        name: String,
    },
    /// What waits for a second person, or for its time.
    Proposals,
    /// What was decided alone in a month, and whether somebody has looked at it.
    Reviews {
        /// The month, e.g. `2026-11`; the present one where not given.
        #[arg(long, value_name = "MONTH")]
        month: Option<String>,
    },
    /// Note that you have looked at something that was decided alone.
    Review {
        /// Its number in `people reviews`.
        number: u64,
    },
    /// Print a new password for one sign-in; ends the account's sessions.
    Reset {
        /// Account name.
        name: String,
    },
}

/// `regimen policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Say what is wrong or doubtful; exit code 4 where something is wrong.
    Lint {
        /// Folder of the policy.
        folder: PathBuf,
    },
    /// Would this conversation pass, by which rule, and why.
    Ask(PolicyAsk),
    /// Write the policy in a filter's language.
    Render {
        /// Folder of the policy.
        folder: PathBuf,
        /// The language.
        #[arg(long)]
        target: TargetName,
        /// File to write; standard output where not given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show that a rule set is what the policy means, or a packet that it treats otherwise; exit
    /// code 4 where it is not.
    Prove {
        /// Folder of the policy.
        folder: PathBuf,
        /// The language.
        #[arg(long)]
        target: TargetName,
        /// The rule set.
        #[arg(long, value_name = "FILE")]
        rendered: PathBuf,
    },
    /// Write a first policy from the devices that are known and the conversations that were seen.
    Propose {
        /// Folder to make; it must not be there yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Site; everything that is known where not given.
        #[arg(long)]
        site: Option<String>,
    },
    /// Show what a policy would have cut of the conversations that were seen.
    Simulate {
        /// Folder of the policy.
        folder: PathBuf,
        /// Site; everything that is known where not given.
        #[arg(long)]
        site: Option<String>,
    },
    /// Show what changed, in the text and in what may pass.
    Diff {
        /// Folder of the older policy.
        older: PathBuf,
        /// Folder of the newer policy.
        newer: PathBuf,
    },
}

/// `regimen policy ask`.
#[derive(Args, Debug)]
pub(crate) struct PolicyAsk {
    /// Folder of the policy.
    pub(crate) folder: PathBuf,
    /// Who opens the conversation.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) src: IpAddr,
    /// Who answers.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) dst: IpAddr,
    /// `tcp`, `udp`, `icmp`, or the number of a protocol.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) proto: String,
    /// Port that is asked, or type of ICMP.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) dport: u16,
}

/// A filter's language.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TargetName {
    /// nftables on a Linux gateway.
    Nftables,
    /// Cisco IOS and IOS XE access lists.
    Ios,
    /// Palo Alto PAN-OS.
    Panos,
    /// FortiGate FortiOS.
    Fortios,
    /// Windows Defender Firewall, for a device's own firewall.
    Windows,
}
/// How far a grant reaches, where not everywhere.
#[derive(Args, Clone, Debug)]
pub(crate) struct Reach {
    /// A site; may be given more than once.
    #[arg(long = "site", value_name = "SITE")]
    pub(crate) sites: Vec<String>,
    /// A department, as the inventory names it; may be given more than once.
    #[arg(long = "department", value_name = "DEPARTMENT")]
    pub(crate) departments: Vec<String>,
}

/// `regimen settings`.
#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// List settings, what holds, and what each is for.
    List,
    /// Set one.
    Set {
        /// Its name in `settings list`.
        name: String,
        /// What holds from now on.
        value: String,
        /// Why, where two people have to agree.
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// `regimen access`.
#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// Print which role may do which operation, page and use case.
    Matrix,
}

/// `regimen jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// List jobs: when each ran last, what came of it, and when it is due.
    List,
}
