//! Network and link addresses as people write them into a cell.
//!
//! Source: exports of CMMS, asset managers and IP address managers.
//! Input:  one cell: one address or a list, with a prefix length, mask, port or zone.
//! Output: each address in the form that other sources use; what is none is handed back.

use std::net::IpAddr;

use model::{Attribute, Mac};

/// Addresses of a cell, and the parts of it that are none.
pub(super) fn addresses(attribute: Attribute, cell: &str) -> (Vec<String>, Vec<String>) {
    let read = |text: &str| match attribute {
        Attribute::StatedMac => text.parse::<Mac>().ok().map(|mac| mac.to_string()),
        _ => host(text).map(|ip| ip.to_string()),
    };
    if let Some(value) = read(cell) {
        return (vec![value], Vec::new());
    }
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    for part in cell.split(separates).filter(|part| !part.is_empty()) {
        match read(part) {
            Some(value) if good.contains(&value) => {}
            Some(value) => good.push(value),
            None => bad.push(part.to_owned()),
        }
    }
    (good, bad)
}

/// The host in `10.1.2.3/24`, `10.1.2.3:104`, `[fe80::1%eth0]:80`; none for a whole network.
fn host(text: &str) -> Option<IpAddr> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let ip = without_port(address)?;
    match length {
        Some(length) if !is_host_of(ip, length)? => None,
        _ => Some(ip),
    }
}

fn without_port(text: &str) -> Option<IpAddr> {
    let inner = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text,
    };
    let inner = inner.split('%').next()?;
    inner.parse().ok().or_else(|| {
        let (address, port) = inner.split_once(':')?;
        port.parse::<u16>().ok()?;
        address.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::V4)
    })
}

/// False where every bit behind the prefix is zero, which names the network and no host. Nothing
/// where `length` is neither a prefix length nor a mask.
fn is_host_of(ip: IpAddr, length: &str) -> Option<bool> {
    let (bits, width) = match ip {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let mask =
        || length.parse::<std::net::Ipv4Addr>().ok().map(|mask| mask.to_bits().leading_ones());
    let length = length.parse::<u32>().ok().or_else(mask).filter(|length| *length <= width)?;
    let behind = width - length;
    Some(behind <= 1 || bits & (1_u128.checked_shl(behind).map_or(u128::MAX, |end| end - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (name, attribute, cell, good, bad) in [
            ("plain", Attribute::StatedIp, "10.1.2.3", "10.1.2.3", ""),
            ("prefix length", Attribute::StatedIp, "10.1.2.3/24", "10.1.2.3", ""),
            ("mask", Attribute::StatedIp, "10.1.2.3/255.255.255.0", "10.1.2.3", ""),
            ("a network", Attribute::StatedIp, "10.1.2.0/24", "", "10.1.2.0/24"),
            ("one host", Attribute::StatedIp, "10.1.2.0/32", "10.1.2.0", ""),
            ("no length", Attribute::StatedIp, "10.1.2.3/99", "", "10.1.2.3/99"),
            ("port", Attribute::StatedIp, "10.1.2.3:104", "10.1.2.3", ""),
            ("zone", Attribute::StatedIp, "fe80::1%eth0", "fe80::1", ""),
            ("brackets", Attribute::StatedIp, "[2001:db8::5]:80", "2001:db8::5", ""),
            ("list", Attribute::StatedIp, "10.0.0.1; 10.0.0.2\n10.0.0.1", "10.0.0.1 10.0.0.2", ""),
            ("half a list", Attribute::StatedIp, "10.0.0.1, DHCP", "10.0.0.1", "DHCP"),
            (
                "link addresses",
                Attribute::StatedMac,
                "02-11-22-33-44-55, 02:11:22:33:44:56",
                "02:11:22:33:44:55 02:11:22:33:44:56",
                "",
            ),
        ] {
            let (read, rest) = addresses(attribute, cell);
            assert_eq!((read.join(" ").as_str(), rest.join(" ").as_str()), (good, bad), "{name}");
        }
    }
}
