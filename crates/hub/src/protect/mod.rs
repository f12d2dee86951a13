//! Protect the endpoint: what a segmentation policy says, its renderings, their proof.
//!
//! A policy is a folder of text under somebody's version control; nothing here is kept.

mod seen;

use std::path::{Path, PathBuf};

use link::ReadError;
use model::{Answerable, Timestamp};
use protection::packets::TooLarge;
use protection::policy::{self, Policy, Refused, Source};
use protection::prove::Proof;
use protection::read::ReadError as RulesError;
use protection::render::Unrenderable;

pub use protection::policy::{Answer, Difference, Finding, Flow, Severity};
pub use protection::propose::LeftOut;
pub use protection::prove::Counterexample;
pub use protection::render::Target;
pub use protection::simulate::{Bound, Cut, Simulated};
pub use seen::Proposed;

/// Why a policy gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The caller: the folder or file cannot be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// What was asked for.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The caller: everything that is wrong in the texts.
    #[error("the policy is refused:{}", each(refused))]
    Refused {
        /// In the order of the texts.
        refused: Vec<Refused>,
    },
    /// The caller: a language cannot say a conduit.
    #[error(transparent)]
    Unrenderable(#[from] Unrenderable),
    /// The caller: a rule set that was not read whole.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The environment: the policy is too large to be decided.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The caller: the day is none.
    #[error("`{0}` is not a day")]
    Day(String),
}

impl PolicyError {
    /// Who is answerable: the caller, but for a policy that is too large for the machine.
    pub const fn answerable(&self) -> Answerable {
        match self {
            Self::TooLarge(_) => Answerable::Environment,
            _ => Answerable::Caller,
        }
    }
}

/// A policy that was read.
#[derive(Debug)]
pub struct Segmentation {
    policy: Policy,
    today: jiff::civil::Date,
}

impl Segmentation {
    /// Reads every `*.toml` of a folder as one policy, as it stands at `now`.
    ///
    /// # Errors
    ///
    /// Where the folder holds none, one cannot be read, or the policy is refused.
    pub fn read(folder: &Path, now: Timestamp) -> Result<Self, PolicyError> {
        let day = now.day();
        let today = day.parse().map_err(|_| PolicyError::Day(day))?;
        let refused = |path: &Path, reason: &dyn std::fmt::Display| PolicyError::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        let mut sources = Vec::new();
        let walked = link::walk(&[folder.to_owned()]);
        if let Some((path, error)) = walked.refused.first() {
            return Err(refused(path, error));
        }
        for input in walked.inputs {
            if input.path.extension().is_some_and(|extension| extension == "toml") {
                sources.push(source(&input.path).map_err(|error| refused(&input.path, &error))?);
            }
        }
        if sources.is_empty() {
            return Err(refused(folder, &"no file of a policy (*.toml) is in it"));
        }
        let policy = policy::read(&sources).map_err(|refused| PolicyError::Refused { refused })?;
        Ok(Self { policy, today })
    }

    /// What the linter finds; errors first.
    ///
    /// # Errors
    ///
    /// [`PolicyError::TooLarge`].
    pub fn lint(&self) -> Result<Vec<Finding>, PolicyError> {
        Ok(policy::lint(&self.policy, self.today)?)
    }

    /// Would a conversation pass, by which rule, and why.
    pub fn ask(&self, flow: &Flow) -> Answer {
        policy::ask(&self.policy, flow, self.today)
    }

    /// What changed from `self` to `newer`.
    ///
    /// # Errors
    ///
    /// [`PolicyError::TooLarge`].
    pub fn diff(&self, newer: &Self) -> Result<Difference, PolicyError> {
        Ok(policy::diff(&self.policy, &newer.policy, self.today)?)
    }

    /// The policy in a filter's language.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Unrenderable`] with the first conduit that the language cannot say.
    pub fn render(&self, target: Target) -> Result<String, PolicyError> {
        Ok(protection::render::render(&self.policy, target, self.today)?)
    }

    /// Whether a rule set in a file is what the policy means.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, or a line of it is not known.
    pub fn prove(&self, target: Target, rendered: &Path) -> Result<Proof, PolicyError> {
        let text = source(rendered)
            .map_err(|error| PolicyError::File {
                path: rendered.to_owned(),
                reason: error.to_string(),
            })?
            .text;
        Ok(protection::prove::prove(&self.policy, target, &text, self.today)?)
    }
}

fn each(refused: &[Refused]) -> String {
    let lines: Vec<String> = refused.iter().map(ToString::to_string).collect();
    format!("\n  {}", lines.join("\n  "))
}

fn source(path: &Path) -> Result<Source, ReadError> {
    let bytes = link::read_document(path)?;
    // What is no text cannot be a policy or a rule set; the reader names the place.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Source { name: path.display().to_string(), text })
}
