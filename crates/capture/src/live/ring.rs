//! The packet socket and its memory: the one module with `unsafe`.
//!
//! What must hold: `memory` is a mapping of `RING_BYTES` that lives as long as the [`Ring`]; the
//! kernel writes to a block only while its status says that it is the kernel's; we read a block
//! only between seeing it ours and giving it back. Every offset that the kernel states is checked
//! against the block before it is used.

#![expect(unsafe_code, reason = "system calls, and memory shared with the kernel")]

use std::ffi::c_int;
use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::Held;
use crate::CaptureError;

/// A packet socket with a ring.
pub(super) struct Ring {
    interface: String,
    socket: OwnedFd,
    memory: *mut u8,
    /// The block being read, or waited for.
    block: usize,
    /// Frames of it that are left, and where the next one starts; none while it is the kernel's.
    left: u32,
    offset: usize,
    owned: bool,
    /// Where the bytes of the last frame stand.
    current: (usize, usize),
}

// SAFETY: the mapping belongs to this value alone; nothing of it is bound to a thread.
unsafe impl Send for Ring {}

/// The hardware type of an interface.
pub(super) fn hardware(interface: &str) -> Result<u16, CaptureError> {
    // The kernel tells this without any permission.
    let absent = || CaptureError::NoInterface(interface.to_owned());
    let plain = interface.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if interface.is_empty() || interface.starts_with('.') || !plain {
        return Err(absent());
    }
    let text = std::fs::read_to_string(format!("/sys/class/net/{interface}/type"));
    text.ok().and_then(|text| text.trim().parse().ok()).ok_or_else(absent)
}

impl Ring {
    pub(super) fn open(interface: &str, promiscuous: bool) -> Result<Self, CaptureError> {
        let number = index_of(interface)?;
        // SAFETY: a plain system call without pointers.
        let raw = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if raw < 0 {
            let error = io::Error::last_os_error();
            return Err(match error.kind() {
                io::ErrorKind::PermissionDenied => CaptureError::NotPermitted(interface.to_owned()),
                _ => failed(interface, "opening a packet socket", error),
            });
        }
        // SAFETY: the descriptor was just opened and nobody else has it.
        let socket = unsafe { OwnedFd::from_raw_fd(raw) };
        let version = libc::tpacket_versions::TPACKET_V3 as c_int;
        set(&socket, libc::PACKET_VERSION, &version)
            .map_err(|error| failed(interface, "asking for TPACKET_V3", error))?;
        set(&socket, libc::PACKET_RX_RING, &request())
            .map_err(|error| failed(interface, "making the ring", error))?;
        let memory = map(&socket).map_err(|error| failed(interface, "mapping the ring", error))?;
        let ring = Self {
            interface: interface.to_owned(),
            socket,
            memory,
            block: 0,
            left: 0,
            offset: 0,
            owned: false,
            current: (0, 0),
        };
        if promiscuous {
            ring.join(number)?;
        }
        ring.bind(number)?;
        Ok(ring)
    }

    /// The next frame, or nothing where none came for so long.
    pub(super) fn next(&mut self, patience: Duration) -> Result<Option<Held<'_>>, CaptureError> {
        while self.left == 0 {
            if self.owned {
                self.give_back();
            }
            if !self.is_ours() && !self.wait(patience)? {
                return Ok(None);
            }
            self.take_block();
        }
        self.left -= 1;
        let base = self.block * BLOCK_BYTES + self.offset;
        let header: libc::tpacket3_hdr = self.read(base);
        let address: libc::sockaddr_ll = self.read(base + ADDRESS_OFFSET);
        self.offset += header.tp_next_offset as usize;
        let start = base + usize::from(header.tp_mac);
        let end = (self.block + 1) * BLOCK_BYTES;
        let length = (header.tp_snaplen as usize).min(end.saturating_sub(start));
        self.current = (start.min(end), length);
        let tagged = header.tp_status & libc::TP_STATUS_VLAN_VALID != 0;
        let typed = header.tp_status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
        let kind = if typed { header.hv1.tp_vlan_tpid } else { VLAN };
        let tag = tagged.then_some((kind, header.hv1.tp_vlan_tci as u16));
        Ok(Some(Held {
            seconds: header.tp_sec,
            nanoseconds: header.tp_nsec,
            original_bytes: header.tp_len,
            outgoing: address.sll_pkttype == libc::PACKET_OUTGOING,
            tag,
            bytes: self.current(),
        }))
    }

    /// The bytes of the frame that came last.
    pub(super) fn current(&self) -> &[u8] {
        let (start, length) = self.current;
        if start + length > RING_BYTES || !self.owned {
            return &[];
        }
        // SAFETY: the range lies inside the mapping (just checked) and inside a block that is
        // ours until `give_back`, which needs `&mut self`.
        unsafe { std::slice::from_raw_parts(self.memory.wrapping_add(start), length) }
    }

    /// Frames received and dropped since last asked.
    pub(super) fn statistics(&self) -> Result<(u32, u32), CaptureError> {
        let mut statistics =
            libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let mut length = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
        // SAFETY: both pointers are to live values, and the length is that of the first.
        let answer = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut statistics).cast(),
                &raw mut length,
            )
        };
        if answer < 0 {
            return Err(self.failed("reading the counters"));
        }
        Ok((statistics.tp_packets, statistics.tp_drops))
    }

    fn join(&self, number: c_int) -> Result<(), CaptureError> {
        let request = libc::packet_mreq {
            mr_ifindex: number,
            mr_type: libc::PACKET_MR_PROMISC as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        set(&self.socket, libc::PACKET_ADD_MEMBERSHIP, &request)
            .map_err(|error| failed(&self.interface, "switching promiscuous mode on", error))
    }

    fn bind(&self, number: c_int) -> Result<(), CaptureError> {
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
            sll_ifindex: number,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        // SAFETY: the pointer is to a live address of the length given.
        let answer = unsafe {
            libc::bind(
                self.socket.as_raw_fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_ll>() as libc::socklen_t,
            )
        };
        if answer < 0 { Err(self.failed("binding to the interface")) } else { Ok(()) }
    }

    /// Waits for the kernel to fill a block; false where it did not for so long.
    fn wait(&self, patience: Duration) -> Result<bool, CaptureError> {
        let mut poll = libc::pollfd {
            fd: self.socket.as_raw_fd(),
            events: libc::POLLIN | libc::POLLERR,
            revents: 0,
        };
        let millis = c_int::try_from(patience.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the pointer is to one live value, and one is the count given.
        let answer = unsafe { libc::poll(&raw mut poll, 1, millis) };
        if answer < 0 {
            let error = io::Error::last_os_error();
            let interrupted = error.kind() == io::ErrorKind::Interrupted;
            let step = "waiting for frames";
            return if interrupted { Ok(false) } else { Err(failed(&self.interface, step, error)) };
        }
        if poll.revents & libc::POLLERR != 0 && !self.is_ours() {
            return Err(self.failed_with("waiting for frames", self.socket_error()));
        }
        Ok(self.is_ours())
    }

    /// Why the socket is in error, e.g. because the interface went down.
    fn socket_error(&self) -> io::Error {
        let mut number: c_int = 0;
        let mut length = size_of::<c_int>() as libc::socklen_t;
        // SAFETY: both pointers are to live values, and the length is that of the first.
        let answer = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_ERROR,
                (&raw mut number).cast(),
                &raw mut length,
            )
        };
        if answer < 0 { io::Error::last_os_error() } else { io::Error::from_raw_os_error(number) }
    }

    fn status(&self) -> &AtomicU32 {
        let offset = self.block * BLOCK_BYTES + STATUS_OFFSET;
        // SAFETY: the offset lies inside the mapping, since `block` is below `BLOCKS`, and is a
        // multiple of four; the kernel and we both treat the word as atomic.
        unsafe { AtomicU32::from_ptr(self.memory.wrapping_add(offset).cast()) }
    }

    fn is_ours(&self) -> bool {
        self.status().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    fn take_block(&mut self) {
        let block: libc::tpacket_hdr_v1 = self.read(self.block * BLOCK_BYTES + HEADER_OFFSET);
        self.owned = true;
        self.left = block.num_pkts;
        self.offset = block.offset_to_first_pkt as usize;
    }

    fn give_back(&mut self) {
        self.status().store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.owned = false;
        self.current = (0, 0);
        self.block = (self.block + 1) % BLOCKS;
    }

    /// Copies a value out of the ring; all zeros where it would not lie inside.
    fn read<T: FromKernel>(&self, offset: usize) -> T {
        if offset + size_of::<T>() > RING_BYTES {
            // SAFETY: every `FromKernel` may be all zeros.
            return unsafe { std::mem::zeroed() };
        }
        // SAFETY: the range lies inside the mapping (just checked), any bytes are a valid
        // `FromKernel`, and an unaligned read asks for no alignment.
        unsafe { std::ptr::read_unaligned(self.memory.wrapping_add(offset).cast()) }
    }

    fn failed(&self, step: &'static str) -> CaptureError {
        self.failed_with(step, io::Error::last_os_error())
    }

    fn failed_with(&self, step: &'static str, source: io::Error) -> CaptureError {
        failed(&self.interface, step, source)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this length, and nothing borrows from it any more.
        unsafe { libc::munmap(self.memory.cast(), RING_BYTES) };
    }
}

/// A structure of the kernel's made of numbers alone, so that any bytes are one.
///
/// # Safety
///
/// Every bit pattern must be a valid value.
unsafe trait FromKernel: Copy {}
// SAFETY: numbers alone.
unsafe impl FromKernel for libc::tpacket3_hdr {}
// SAFETY: numbers alone.
unsafe impl FromKernel for libc::sockaddr_ll {}
// SAFETY: numbers alone.
unsafe impl FromKernel for libc::tpacket_hdr_v1 {}

fn index_of(interface: &str) -> Result<c_int, CaptureError> {
    let absent = || CaptureError::NoInterface(interface.to_owned());
    let name = std::ffi::CString::new(interface).map_err(|_| absent())?;
    // SAFETY: the pointer is to a string that ends with a zero and lives through the call.
    let number = unsafe { libc::if_nametoindex(name.as_ptr()) };
    c_int::try_from(number).ok().filter(|number| *number > 0).ok_or_else(absent)
}

fn set<T>(socket: &OwnedFd, option: c_int, value: &T) -> io::Result<()> {
    // SAFETY: the pointer is to a live value of the length given.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            std::ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn map(socket: &OwnedFd) -> io::Result<*mut u8> {
    // SAFETY: a fresh mapping at an address of the kernel's choice, over nothing of ours.
    let memory = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            RING_BYTES,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            socket.as_raw_fd(),
            0,
        )
    };
    if memory == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(memory.cast()) }
}

const fn request() -> libc::tpacket_req3 {
    libc::tpacket_req3 {
        tp_block_size: BLOCK_BYTES as u32,
        tp_block_nr: BLOCKS as u32,
        tp_frame_size: FRAME_BYTES as u32,
        tp_frame_nr: (RING_BYTES / FRAME_BYTES) as u32,
        tp_retire_blk_tov: RETIRE_MILLIS,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    }
}

fn failed(interface: &str, step: &'static str, source: io::Error) -> CaptureError {
    CaptureError::Live { interface: interface.to_owned(), step, source }
}

/// Memory shared with the kernel, in bytes: a third of a second at 400 Mbit/s.
pub(super) const RING_BYTES: usize = BLOCK_BYTES * BLOCKS;
const BLOCK_BYTES: usize = 1 << 20;
const BLOCKS: usize = 16;
/// The kernel wants a number here, though frames in version 3 have any length.
const FRAME_BYTES: usize = 2048;
/// A block is handed over after this long even if it is not full, so that a quiet network is
/// still seen at once.
const RETIRE_MILLIS: u32 = 50;
const VLAN: u16 = 0x8100;
/// The address follows the header, aligned to 16 bytes (`TPACKET_ALIGN`).
const ADDRESS_OFFSET: usize = size_of::<libc::tpacket3_hdr>().next_multiple_of(16);
const HEADER_OFFSET: usize = offset_of!(libc::tpacket_block_desc, hdr);
const STATUS_OFFSET: usize = HEADER_OFFSET + offset_of!(libc::tpacket_hdr_v1, block_status);
