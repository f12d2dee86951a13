//! DHCP for IPv4: the four messages of a lease.
//!
//! Source: RFC 2131, RFC 2132 (options).

use std::net::Ipv4Addr;

use model::Mac;

use super::octets::Octets;

/// What a client says about itself.
pub(crate) struct Client<'a> {
    /// Hardware address.
    pub(crate) mac: Mac,
    /// Option 12.
    pub(crate) hostname: &'a str,
    /// Option 60; empty leaves it out.
    pub(crate) vendor_class: &'a str,
    /// Option 55, in the order that its software asks.
    pub(crate) wanted: &'a [u8],
    /// Transaction number.
    pub(crate) transaction: u32,
}

/// What the server offers.
#[derive(Clone, Copy)]
pub(crate) struct Lease {
    /// The client's address.
    pub(crate) address: Ipv4Addr,
    /// Server identifier.
    pub(crate) server: Ipv4Addr,
    /// Router of the subnet.
    pub(crate) router: Ipv4Addr,
}

/// DISCOVER, or REQUEST when a lease is named.
pub(crate) fn from_client(client: &Client<'_>, lease: Option<Lease>) -> Vec<u8> {
    let mut message = header(1, client, Ipv4Addr::UNSPECIFIED);
    option(&mut message, 53, &[if lease.is_some() { REQUEST } else { DISCOVER }]);
    option(&mut message, 61, &[&[1], client.mac.0.as_slice()].concat());
    if let Some(lease) = lease {
        option(&mut message, 50, &lease.address.octets());
        option(&mut message, 54, &lease.server.octets());
    }
    option(&mut message, 12, client.hostname.as_bytes());
    if !client.vendor_class.is_empty() {
        option(&mut message, 60, client.vendor_class.as_bytes());
    }
    option(&mut message, 55, client.wanted);
    end(message)
}

/// OFFER, or ACK when `confirmed`.
pub(crate) fn from_server(client: &Client<'_>, lease: Lease, confirmed: bool) -> Vec<u8> {
    let mut message = header(2, client, lease.address);
    option(&mut message, 53, &[if confirmed { ACK } else { OFFER }]);
    option(&mut message, 54, &lease.server.octets());
    option(&mut message, 51, &LEASE_SECONDS.to_be_bytes());
    option(&mut message, 1, &[255, 255, 0, 0]);
    option(&mut message, 3, &lease.router.octets());
    option(&mut message, 6, &lease.server.octets());
    option(&mut message, 15, b"ward.example");
    end(message)
}

fn header(operation: u8, client: &Client<'_>, yours: Ipv4Addr) -> Vec<u8> {
    let mut message = vec![operation, 1, 6, 0];
    message.be32(client.transaction).be16(0).be16(0x8000).zeros(4).put(&yours.octets()).zeros(8);
    message.put(&client.mac.0).zeros(10 + 64 + 128).put(&[0x63, 0x82, 0x53, 0x63]);
    message
}

fn option(message: &mut Vec<u8>, code: u8, value: &[u8]) {
    message.u8(code).sized8(value);
}

fn end(mut message: Vec<u8>) -> Vec<u8> {
    message.u8(255);
    // RFC 1542 section 2.1: relay agents may drop anything shorter.
    message.resize(message.len().max(300), 0);
    message
}

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const LEASE_SECONDS: u32 = 86_400;
