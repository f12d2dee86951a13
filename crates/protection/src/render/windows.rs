//! Windows Defender Firewall: PowerShell for the firewalls of the devices themselves.
//!
//! Source: Microsoft documentation of the NetSecurity module. Rules have no order: a block beats
//! every allow. Each rule names the device's own addresses, so the same script fits every device;
//! what does not concern it never holds there.

use std::fmt::Write as _;

use super::{Plan, is_any_v4, is_any_v6};
use crate::packets::{Addresses, ICMP, ICMPV6, Ports, TCP, UDP};
use crate::policy::Passage;

/// The whole script.
pub(super) fn render(plan: &Plan<'_>) -> String {
    let mut text = String::new();
    for line in plan.heading() {
        put(&mut text, &format!("# {line}"));
    }
    put(&mut text, "# Rules of other groups are left as they are; look at those that allow.");
    put(&mut text, "Remove-NetFirewallRule -Group 'Regimen' -ErrorAction SilentlyContinue");
    for (number, passage) in plan.passages.iter().enumerate() {
        put(&mut text, &rule(number, passage, true));
        put(&mut text, &rule(number, passage, false));
    }
    // Last, so that a script that stops half-way has not cut anything.
    put(&mut text, PROFILES);
    text
}

const PROFILES: &str = "Set-NetFirewallProfile -All -Enabled True -DefaultInboundAction Block \
                        -DefaultOutboundAction Block";

fn put(text: &mut String, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

fn rule(number: usize, passage: &Passage, inbound: bool) -> String {
    let opening = &passage.opening;
    let (direction, local, remote) = if inbound {
        ("Inbound", &opening.to, &opening.from)
    } else {
        ("Outbound", &opening.from, &opening.to)
    };
    let action = if passage.allows { "Allow" } else { "Block" };
    let name = format!("regimen-{}.{number}-{}", passage.rule, direction.to_lowercase());
    format!(
        "New-NetFirewallRule -Name '{name}' -DisplayName '{name}' -Group 'Regimen' \
         -Direction {direction} -Action {action} -LocalAddress {} -RemoteAddress {}{}",
        addresses(local),
        addresses(remote),
        service(passage, inbound)
    )
}

fn addresses(all: &Addresses) -> String {
    if is_any_v4(all) && is_any_v6(all) {
        return "Any".to_owned();
    }
    let bits = |first: &std::net::IpAddr| if first.is_ipv4() { 32 } else { 128 };
    let word = |(first, length): &(std::net::IpAddr, u8)| {
        if *length == bits(first) { format!("'{first}'") } else { format!("'{first}/{length}'") }
    };
    all.networks().iter().map(word).collect::<Vec<_>>().join(",")
}

fn service(passage: &Passage, inbound: bool) -> String {
    let opening = &passage.opening;
    // The port of who answers: the device's own where it is asked, the other's where it asks.
    let side = if inbound { "LocalPort" } else { "RemotePort" };
    let ports = |ports: &Option<Ports>| {
        let word = |(first, last): &(u16, u16)| {
            if first == last { format!("'{first}'") } else { format!("'{first}-{last}'") }
        };
        let words = ports.as_ref().map(|all| all.iter().map(word).collect::<Vec<_>>().join(","));
        words.map_or_else(String::new, |words| format!(" -{side} {words}"))
    };
    match opening.protocols.as_deref() {
        None => " -Protocol Any".to_owned(),
        Some([TCP]) => format!(" -Protocol TCP{}", ports(&opening.ports)),
        Some([UDP]) => format!(" -Protocol UDP{}", ports(&opening.ports)),
        Some([ICMP]) if opening.ports.is_some() => " -Protocol ICMPv4 -IcmpType 8".to_owned(),
        Some([ICMPV6]) if opening.ports.is_some() => " -Protocol ICMPv6 -IcmpType 128".to_owned(),
        Some(numbers) => {
            format!(" -Protocol {}", numbers.first().copied().unwrap_or_default())
        }
    }
}
