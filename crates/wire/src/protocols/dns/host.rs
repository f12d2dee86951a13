//! Host names, and which addresses are a hospital's own.
//!
//! Source: RFC 1123 section 2.1 (names), RFC 1918, 3927, 6598, 4193, 4291 (addresses).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::message::Name;

/// Splits a name into host and domain at its first dot. A dot at the very end is dropped.
pub(crate) fn split(text: &str) -> (&str, Option<&str>) {
    let text = text.trim_end_matches('.');
    match text.split_once('.') {
        Some((host, domain)) if !host.is_empty() && !domain.is_empty() => (host, Some(domain)),
        _ => (text, None),
    }
}

/// True where every character can stand in a host name and one is no digit, dot or dash.
pub(crate) fn is_host_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !text.starts_with(['.', '-'])
}

/// True for addresses that only have a meaning inside one site.
pub(crate) fn is_site_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The address that a reverse name stands for.
pub(crate) fn reversed(name: &Name) -> Option<IpAddr> {
    if name.ends_with(&["in-addr", "arpa"]) {
        reversed_v4(name).map(IpAddr::V4)
    } else if name.ends_with(&["ip6", "arpa"]) {
        reversed_v6(name).map(IpAddr::V6)
    } else {
        None
    }
}

fn reversed_v4(name: &Name) -> Option<Ipv4Addr> {
    if name.labels().count() != 6 {
        return None;
    }
    let mut octets = [0u8; 4];
    for (octet, label) in octets.iter_mut().rev().zip(name.labels()) {
        *octet = std::str::from_utf8(label).ok()?.parse().ok()?;
    }
    Some(Ipv4Addr::from(octets))
}

fn reversed_v6(name: &Name) -> Option<Ipv6Addr> {
    if name.labels().count() != 34 {
        return None;
    }
    let mut bits = 0u128;
    for (index, label) in name.labels().take(32).enumerate() {
        let &[digit] = label else { return None };
        bits |= u128::from(char::from(digit).to_digit(16)?) << (4 * index);
    }
    Some(Ipv6Addr::from(bits))
}

#[cfg(test)]
mod tests {
    use super::super::message::{HEADER_BYTES, Message};
    use super::*;

    #[test]
    fn splits() {
        for (text, want) in [
            ("ct1", ("ct1", None)),
            ("ct1.rad.example.org.", ("ct1", Some("rad.example.org"))),
            (".example", (".example", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split(text), want, "{text}");
        }
    }

    #[test]
    fn host_names() {
        for (text, want) in
            [("CT-1_a", true), ("10.0.0.1", false), ("a b", false), ("", false), ("-a", false)]
        {
            assert_eq!(is_host_name(text), want, "{text}");
        }
    }

    #[test]
    fn site_local() {
        for (ip, want) in [
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("100.64.0.1", true),
            ("169.254.1.1", true),
            ("8.8.8.8", false),
            ("fe80::1", true),
            ("fd00::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_site_local(ip.parse().unwrap()), want, "{ip}");
        }
    }

    #[test]
    fn reverse_names() {
        let v6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa";
        for (text, want) in [
            ("3.2.1.10.in-addr.arpa", Some("10.1.2.3")),
            ("3.2.1.in-addr.arpa", None),
            ("256.2.1.10.in-addr.arpa", None),
            (v6, Some("fe80::1")),
            ("3.2.1.10.example.org", None),
        ] {
            let mut bytes = vec![0; HEADER_BYTES];
            for label in text.split('.') {
                bytes.push(label.len() as u8);
                bytes.extend_from_slice(label.as_bytes());
            }
            bytes.push(0);
            let name = Message::read(&bytes).unwrap().name(HEADER_BYTES).unwrap();
            assert_eq!(reversed(&name), want.map(|ip| ip.parse().unwrap()), "{text}");
        }
    }
}
