//! Palo Alto PAN-OS: addresses, groups, services and security rules as XML configuration.
//!
//! Source: PAN-OS administrator's guide, Policy; first match, with memory. Zones of the firewall
//! stay `any`, so a last rule denies what nothing names: by itself PAN-OS lets pass what stays
//! within one of its zones.

use std::fmt::Write as _;

use super::{Plan, Target, Unrenderable, is_any_v4, is_any_v6};
use crate::packets::{Addresses, ICMP, ICMPV6, Ports, TCP, UDP};
use crate::policy::Passage;

/// Most members of one group (PAN-OS limit of static members).
const MEMBERS_MAX: usize = 2_500;

/// The whole configuration.
pub(super) fn render(plan: &Plan<'_>) -> Result<String, Unrenderable> {
    let mut services: Vec<(String, String)> = Vec::new();
    let mut rules = String::new();
    for (number, passage) in plan.passages.iter().enumerate() {
        let rule = rule(plan, number, passage, &mut services)?;
        rules += &rule;
    }
    let mut text = String::from("<?xml version=\"1.0\"?>\n");
    for line in plan.heading() {
        put(&mut text, &format!("<!-- {line} -->"));
    }
    text += "<config><devices><entry name=\"localhost.localdomain\"><vsys><entry name=\"vsys1\">\n";
    text += &addresses(plan)?;
    text += "<service>\n";
    for (name, body) in &services {
        put(&mut text, &format!("<entry name=\"{name}\"><protocol>{body}</protocol></entry>"));
    }
    text += "</service>\n<rulebase><security><rules>\n";
    text += &rules;
    text += END;
    text += "</rules></security></rulebase>\n</entry></vsys></entry></devices></config>\n";
    Ok(text)
}

const END: &str = "<entry name=\"regimen.end\"><from><member>any</member></from><to><member>any</member></to>\
<source><member>any</member></source><destination><member>any</member></destination>\
<application><member>any</member></application><service><member>any</member></service>\
<action>deny</action></entry>\n";

fn put(text: &mut String, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

fn addresses(plan: &Plan<'_>) -> Result<String, Unrenderable> {
    let mut objects = String::from("<address>\n");
    let mut groups = String::from("<address-group>\n");
    for (name, addresses) in plan.named() {
        let mut members = String::new();
        let networks = addresses.networks();
        if networks.len() > MEMBERS_MAX {
            return Err(Unrenderable {
                rule: name.to_owned(),
                target: Target::Panos,
                reason: format!("more than {MEMBERS_MAX} networks; use larger networks"),
            });
        }
        for (place, (first, length)) in networks.iter().enumerate() {
            let object = format!("{name}.{place}");
            put(
                &mut objects,
                &format!(
                    "<entry name=\"{object}\"><ip-netmask>{first}/{length}</ip-netmask></entry>"
                ),
            );
            let _ = write!(members, "<member>{object}</member>");
        }
        put(&mut groups, &format!("<entry name=\"{name}\"><static>{members}</static></entry>"));
    }
    Ok(objects + "</address>\n" + &groups + "</address-group>\n")
}

fn rule(
    plan: &Plan<'_>,
    number: usize,
    passage: &Passage,
    services: &mut Vec<(String, String)>,
) -> Result<String, Unrenderable> {
    let opening = &passage.opening;
    let (application, service) = match (opening.protocols.as_deref(), &opening.ports) {
        (None, _) => ("any", "any".to_owned()),
        (Some([TCP]), ports) => ("any", custom("tcp", ports.as_ref(), services)),
        (Some([UDP]), ports) => ("any", custom("udp", ports.as_ref(), services)),
        (Some([ICMP]), Some(_)) => ("ping", "application-default".to_owned()),
        (Some([ICMPV6]), Some(_)) => ("ping6", "application-default".to_owned()),
        (Some(_), _) => {
            return Err(Unrenderable {
                rule: passage.rule.clone(),
                target: Target::Panos,
                reason: "its rules know TCP, UDP and applications, no other protocol numbers"
                    .into(),
            });
        }
    };
    let action = if passage.allows { "allow" } else { "deny" };
    let side = |all: &Addresses| {
        if is_any_v4(all) && is_any_v6(all) { "any".to_owned() } else { side(plan, all) }
    };
    Ok(format!(
        "<entry name=\"{}.{number}\"><from><member>any</member></from><to><member>any</member></to>\
         <source><member>{}</member></source><destination><member>{}</member></destination>\
         <application><member>{application}</member></application>\
         <service><member>{service}</member></service><action>{action}</action></entry>\n",
        passage.rule,
        side(&opening.from),
        side(&opening.to)
    ))
}

/// Every address of one version has no word of its own; it is a network.
fn side(plan: &Plan<'_>, all: &Addresses) -> String {
    if is_any_v4(all) && all.v6.is_empty() {
        "0.0.0.0/0".to_owned()
    } else if is_any_v6(all) && all.v4.is_empty() {
        "::/0".to_owned()
    } else {
        plan.name(all).to_owned()
    }
}

/// The name of a service for these ports, made where there is none yet.
fn custom(protocol: &str, ports: Option<&Ports>, services: &mut Vec<(String, String)>) -> String {
    let ports = ports.cloned().unwrap_or_else(|| vec![(0, u16::MAX)]);
    let words: Vec<String> = ports
        .iter()
        .map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}-{last}") }
            },
        )
        .collect();
    let body = format!("<{protocol}><port>{}</port></{protocol}>", words.join(","));
    if let Some((name, _)) = services.iter().find(|(_, known)| *known == body) {
        return name.clone();
    }
    let name = format!("{protocol}.{}", services.len() + 1);
    services.push((name.clone(), body));
    name
}
