//! What can go wrong between a capture and its frames, and who is answerable.

use std::io;

use model::Answerable;

/// Why a capture cannot be read, or not any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The file cannot be opened.
    #[error("cannot open `{path}`")]
    Open {
        /// As the caller named it.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Reading failed half-way.
    #[error("cannot read `{path}` at byte {offset_bytes}")]
    Read {
        /// As the caller named it.
        path: String,
        /// Place in the (decompressed) file.
        offset_bytes: u64,
        /// Why.
        source: io::Error,
    },
    /// The file is no capture.
    #[error("`{path}` is neither pcap nor pcapng: {reason}")]
    NotACapture {
        /// As the caller named it.
        path: String,
        /// What was found instead.
        reason: &'static str,
    },
    /// The file is damaged here; the frames before this place were read.
    #[error("`{path}` is damaged at byte {offset_bytes}, after {frames} frames: {reason}")]
    Damaged {
        /// As the caller named it.
        path: String,
        /// Place in the (decompressed) file.
        offset_bytes: u64,
        /// Frames before it.
        frames: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file grows so much when decompressed that it must be meant to.
    #[error(
        "`{path}` grew to {offset_bytes} bytes, over {times} times its size, after {frames} \
         frames; if that is meant, decompress it first"
    )]
    Expands {
        /// As the caller named it.
        path: String,
        /// Decompressed bytes so far.
        offset_bytes: u64,
        /// Frames before it.
        frames: u64,
        /// The bound.
        times: u64,
    },
    /// There is no such interface.
    #[error("there is no network interface `{0}`; `ip link` lists them")]
    NoInterface(String),
    /// The interface's frames have a link layer that is not read.
    #[error("interface `{interface}` has hardware type {hardware}, which is not read")]
    Hardware {
        /// Name of the interface.
        interface: String,
        /// Number of its hardware type.
        hardware: u16,
    },
    /// Capturing needs a permission that this process lacks.
    #[error(
        "capturing on `{0}` needs the capability CAP_NET_RAW; grant it with \
         `sudo setcap cap_net_raw+ep $(command -v regimen)` or run as root"
    )]
    NotPermitted(String),
    /// The interface cannot be captured on, or not any longer.
    #[error("cannot capture on `{interface}`: {step} failed")]
    Live {
        /// Name of the interface.
        interface: String,
        /// What was tried.
        step: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl CaptureError {
    /// Who is answerable.
    pub const fn answerable(&self) -> Answerable {
        match self {
            Self::Open { .. } | Self::NotACapture { .. } | Self::NoInterface(_) => {
                Answerable::Caller
            }
            Self::Damaged { .. } | Self::Expands { .. } => Answerable::Capture,
            Self::Read { .. } | Self::NotPermitted(_) | Self::Live { .. } => {
                Answerable::Environment
            }
            Self::Hardware { .. } => Answerable::Us,
        }
    }

    /// Place in the file, in words, where there is one.
    pub fn place(&self) -> String {
        match self {
            Self::Read { offset_bytes, .. }
            | Self::Damaged { offset_bytes, .. }
            | Self::Expands { offset_bytes, .. } => format!("byte {offset_bytes}"),
            _ => String::new(),
        }
    }
}
