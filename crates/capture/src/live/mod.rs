//! Live interfaces on Linux: a ring of blocks that the kernel fills and we read in place.
//!
//! Source: packet(7) and the kernel's `Documentation/networking/packet_mmap.rst` (TPACKET_V3).
//! Limits: [`RING_BYTES`]; what does not fit is dropped by the kernel and counted.
//!
//! Nothing is ever sent.

mod ring;

use std::time::Duration;

use model::Timestamp;

use crate::{CaptureError, Frame};
use ring::Ring;

/// How to capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LiveOptions {
    /// Take frames that are addressed to others, too. A mirror port needs it.
    pub promiscuous: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { promiscuous: true }
    }
}

/// What the kernel counted since the capture was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LiveStatistics {
    /// Frames that arrived.
    pub received: u64,
    /// Frames of those that were dropped, because the ring was full.
    pub dropped: u64,
}

/// Captures on one interface.
pub struct LiveCapture {
    ring: Ring,
    statistics: LiveStatistics,
    /// On loopback every frame is seen twice: as it leaves and as it arrives.
    drop_outgoing: bool,
    link: u32,
    frames: u64,
    /// A frame whose VLAN tag was put back.
    tagged: Vec<u8>,
}

/// A frame as the ring holds it.
struct Held<'a> {
    seconds: u32,
    nanoseconds: u32,
    original_bytes: u32,
    outgoing: bool,
    /// Type and control information of the tag that the network card took off.
    tag: Option<(u16, u16)>,
    bytes: &'a [u8],
}

impl LiveCapture {
    /// Starts capturing.
    ///
    /// # Errors
    ///
    /// Fails where the interface does not exist, has a link layer that is not read, or where the
    /// process lacks CAP_NET_RAW; the message says how to grant it.
    pub fn open(interface: &str, options: LiveOptions) -> Result<Self, CaptureError> {
        let hardware = ring::hardware(interface)?;
        let link = match hardware {
            HARDWARE_ETHERNET | HARDWARE_LOOPBACK => LINK_ETHERNET,
            HARDWARE_NONE | HARDWARE_PPP => LINK_RAW,
            _ => {
                let interface = interface.to_owned();
                return Err(CaptureError::Hardware { interface, hardware });
            }
        };
        Ok(Self {
            ring: Ring::open(interface, options.promiscuous)?,
            statistics: LiveStatistics::default(),
            drop_outgoing: hardware == HARDWARE_LOOPBACK,
            link,
            frames: 0,
            tagged: Vec::new(),
        })
    }

    /// The next frame; nothing where none came for so long.
    ///
    /// # Errors
    ///
    /// Fails where the interface went away.
    pub fn next_frame(&mut self, patience: Duration) -> Result<Option<Frame<'_>>, CaptureError> {
        loop {
            let Some(held) = self.ring.next(patience)? else { return Ok(None) };
            if held.outgoing && self.drop_outgoing {
                continue;
            }
            self.frames += 1;
            let micros = i64::from(held.seconds) * 1_000_000 + i64::from(held.nanoseconds / 1000);
            let time = Timestamp::from_micros(micros);
            let (number, link, original) = (self.frames, self.link, held.original_bytes);
            let (bytes, original_bytes) = match held.tag {
                Some(tag) if link == LINK_ETHERNET => {
                    put_back(&mut self.tagged, tag, held.bytes);
                    (self.tagged.as_slice(), original + 4)
                }
                // The borrow checker cannot see that the loop ends here; the ring lends again.
                _ => (self.ring.current(), original),
            };
            return Ok(Some(Frame { number, time, link, bytes, original_bytes }));
        }
    }

    /// What the kernel counted so far.
    ///
    /// # Errors
    ///
    /// Fails where the kernel does not answer.
    pub fn statistics(&mut self) -> Result<LiveStatistics, CaptureError> {
        // The kernel starts anew each time it is asked.
        let (received, dropped) = self.ring.statistics()?;
        self.statistics.received += u64::from(received);
        self.statistics.dropped += u64::from(dropped);
        Ok(self.statistics)
    }
}

/// Puts a VLAN tag back where the network card took it off, behind the two addresses.
fn put_back(into: &mut Vec<u8>, (kind, control): (u16, u16), frame: &[u8]) {
    let (addresses, rest) = frame.split_at(frame.len().min(12));
    into.clear();
    into.extend_from_slice(addresses);
    into.extend_from_slice(&kind.to_be_bytes());
    into.extend_from_slice(&control.to_be_bytes());
    into.extend_from_slice(rest);
}

/// Hardware types (`ARPHRD_…` of the kernel's `if_arp.h`).
const HARDWARE_ETHERNET: u16 = 1;
const HARDWARE_PPP: u16 = 512;
const HARDWARE_LOOPBACK: u16 = 772;
const HARDWARE_NONE: u16 = 0xfffe;

/// Link types of the pcap registry.
const LINK_ETHERNET: u32 = 1;
const LINK_RAW: u32 = 101;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_tag_goes_back_behind_the_addresses() {
        let mut tagged = Vec::new();
        put_back(&mut tagged, (0x8100, 0x2007), &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0, 69]);
        assert_eq!(tagged, [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0x81, 0, 0x20, 7, 8, 0, 69]);
    }

    #[test]
    fn an_absent_interface_is_the_callers() {
        let Err(error) = LiveCapture::open("no-such-if0", LiveOptions::default()) else {
            panic!("opened an interface that does not exist");
        };
        assert!(matches!(error, CaptureError::NoInterface(_)), "{error}");
        assert!(
            LiveCapture::open("a-name-far-too-long-for-linux", LiveOptions::default()).is_err()
        );
    }

    /// Each datagram is seen once, though loopback shows it leaving and arriving.
    #[test]
    fn captures_on_loopback() {
        let mut live = match LiveCapture::open("lo", LiveOptions { promiscuous: false }) {
            Ok(live) => live,
            Err(error @ (CaptureError::NotPermitted(_) | CaptureError::NoInterface(_))) => {
                testing::skip(&error.to_string());
                return;
            }
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for round in 0..SENT {
            let text = format!("regimen capture test {round:04}");
            socket.send_to(text.as_bytes(), socket.local_addr().unwrap()).unwrap();
        }
        let mut seen = Vec::new();
        while let Some(frame) = live.next_frame(Duration::from_millis(500)).unwrap() {
            let text = String::from_utf8_lossy(frame.bytes).into_owned();
            if let Some((_, number)) = text.split_once("regimen capture test ") {
                assert_eq!((frame.link, frame.bytes.len()), (LINK_ETHERNET, 14 + 20 + 8 + 25));
                seen.push(number.parse::<usize>().unwrap());
            }
            if seen.len() == SENT {
                break;
            }
        }
        assert_eq!(seen, (0..SENT).collect::<Vec<_>>());
        let statistics = live.statistics().unwrap();
        assert!(statistics.received >= SENT as u64 && statistics.dropped == 0, "{statistics:?}");
    }

    const SENT: usize = 500;
}
