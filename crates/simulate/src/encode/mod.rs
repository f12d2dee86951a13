//! Encoders: one file for each protocol, from values to the bytes a device would send.
//!
//! Output: bytes of one message or frame; `tcp` and `link` put them on the wire.
//! Limits: only what a simulated device says; nothing here reads what others send.

pub(crate) mod arp;
pub(crate) mod bacnet;
pub(crate) mod ber;
pub(crate) mod cdp;
pub(crate) mod dhcp;
pub(crate) mod dicom;
pub(crate) mod discovery;
pub(crate) mod dns;
pub(crate) mod hl7;
pub(crate) mod http;
pub(crate) mod icmp;
pub(crate) mod icmpv6;
pub(crate) mod ipp;
pub(crate) mod link;
pub(crate) mod lldp;
pub(crate) mod modbus;
pub(crate) mod nbns;
pub(crate) mod ntlm;
pub(crate) mod ntp;
pub(crate) mod octets;
pub(crate) mod pump;
pub(crate) mod rdp;
pub(crate) mod rtp;
pub(crate) mod smb1;
pub(crate) mod smb2;
pub(crate) mod snmp;
pub(crate) mod ssh;
pub(crate) mod syslog;
pub(crate) mod tcp;
pub(crate) mod tls;
pub(crate) mod vnc;
pub(crate) mod waveform;
pub(crate) mod x509;
