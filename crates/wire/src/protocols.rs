//! Every protocol we read, one folder each. The order is the order in which probes are tried.

use crate::dissect::{DatagramProtocol, LinkProtocol, StreamProtocol};

pub mod anydesk;
pub mod arp;
pub mod bacnet;
pub mod cdp;
pub mod database;
pub mod dcerpc;
pub mod dhcp;
pub mod dhcpv6;
pub mod dicom;
pub mod dns;
pub mod ftp;
pub mod hl7;
pub mod http;
pub mod ldap;
pub mod lldp;
pub mod llmnr;
pub mod mail;
pub mod mdns;
pub mod modbus;
pub mod mqtt;
pub mod netbios_name;
pub mod ntp;
pub mod openvpn;
pub mod proxy;
pub mod quic;
pub mod radius;
pub mod rdp;
pub mod remote_access;
pub mod rtsp;
pub mod smb;
pub mod snmp;
pub mod socks;
pub mod ssdp;
pub mod ssh;
pub mod syslog;
pub mod teamviewer;
pub mod telnet;
pub mod tftp;
pub mod tls;
pub mod vnc;
pub mod wsd;

/// Protocols over TCP.
pub const STREAM: &[StreamProtocol] = &[
    dicom::PROTOCOL,
    dns::OVER_TCP,
    ftp::PROTOCOL,
    hl7::PROTOCOL,
    http::PROTOCOL,
    modbus::PROTOCOL,
    rdp::PROTOCOL,
    smb::PROTOCOL,
    ssh::PROTOCOL,
    teamviewer::PROTOCOL,
    telnet::PROTOCOL,
    tls::PROTOCOL,
    vnc::PROTOCOL,
    mail::SMTP,
    mail::POP3,
    mail::IMAP,
    database::TDS,
    database::MYSQL,
    database::POSTGRESQL,
    rtsp::PROTOCOL,
    mqtt::PROTOCOL,
    dcerpc::PROTOCOL,
    ldap::PROTOCOL,
    openvpn::PROTOCOL,
    proxy::PROTOCOL,
    remote_access::PROTOCOL,
    socks::PROTOCOL,
];

/// Protocols over UDP.
pub const DATAGRAM: &[DatagramProtocol] = &[
    bacnet::PROTOCOL,
    dhcp::PROTOCOL,
    dhcpv6::PROTOCOL,
    dns::PROTOCOL,
    llmnr::PROTOCOL,
    mdns::PROTOCOL,
    netbios_name::DATAGRAMS,
    netbios_name::PROTOCOL,
    ntp::PROTOCOL,
    openvpn::DATAGRAMS,
    quic::PROTOCOL,
    radius::PROTOCOL,
    snmp::PROTOCOL,
    ssdp::PROTOCOL,
    syslog::PROTOCOL,
    teamviewer::DATAGRAMS,
    tftp::PROTOCOL,
    tls::dtls::PROTOCOL,
    wsd::PROTOCOL,
];

/// Protocols straight on the link layer.
pub const LINK: &[LinkProtocol] = &[arp::PROTOCOL, cdp::PROTOCOL, lldp::PROTOCOL];
