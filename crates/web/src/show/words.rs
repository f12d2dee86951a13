//! The words for attributes and sources.

use model::{Attribute, Source};

/// What people call an attribute: `software_version` is `Software version`.
pub(crate) fn attribute(attribute: Attribute) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == attribute);
    known.map_or_else(|| spoken(attribute.name()), |(_, name)| (*name).to_owned())
}

/// Where a value came from, in words that let a person look it up.
pub(crate) fn source(source: &Source) -> String {
    super::text(match source {
        Source::Wire {
            capture, frame, offset_bytes, length_bytes, protocol, field, rule, ..
        } => {
            format!(
                "{capture}, frame {frame}, bytes {offset_bytes} to {}: {protocol} {field}, rule \
                 {rule}",
                u64::from(*offset_bytes) + u64::from(*length_bytes)
            )
        }
        Source::File { path, row: 0, column, .. } => format!("{path}, {column}"),
        Source::File { path, row, column, .. } => format!("{path}, row {row}, column {column}"),
        Source::Rule { rule, from } => format!("rule {rule}, from “{from}”"),
        Source::Person { name, at } => format!("{name} said so at {at}"),
    })
}

/// What would fill an attribute that is unknown, and who could.
pub(crate) fn question_for(attribute: Attribute) -> &'static str {
    let known = QUESTIONS.iter().find(|(known, _)| *known == attribute);
    known.map_or("No record and no traffic said it so far.", |(_, question)| question)
}

fn spoken(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// Names that do not follow from the key.
const NAMES: &[(Attribute, &str)] = &[
    (Attribute::Udi, "UDI"),
    (Attribute::Os, "Operating system"),
    (Attribute::AssetTag, "Asset id"),
    (Attribute::Serial, "Serial number"),
    (Attribute::AeTitle, "AE title"),
    (Attribute::ImplementationClassUid, "Implementation class UID"),
    (Attribute::SopClass, "SOP class"),
    (Attribute::Hl7Application, "HL7 application"),
    (Attribute::Hl7Facility, "HL7 facility"),
    (Attribute::Hl7MessageType, "HL7 message type"),
    (Attribute::Hl7Version, "HL7 version"),
    (Attribute::HttpServer, "HTTP server"),
    (Attribute::HttpUserAgent, "HTTP user agent"),
    (Attribute::HttpHost, "HTTP host"),
    (Attribute::HttpAuthentication, "HTTP authentication"),
    (Attribute::HttpRealm, "HTTP realm"),
    (Attribute::TlsServerName, "TLS server name"),
    (Attribute::TlsVersion, "TLS version"),
    (Attribute::TlsSubject, "TLS subject"),
    (Attribute::TlsIssuer, "TLS issuer"),
    (Attribute::TlsAlternativeName, "TLS alternative name"),
    (Attribute::TlsNotBefore, "TLS valid from"),
    (Attribute::TlsNotAfter, "TLS valid until"),
    (Attribute::Ja4, "JA4"),
    (Attribute::SshBanner, "SSH banner"),
    (Attribute::Hassh, "HASSH"),
    (Attribute::FtpBanner, "FTP banner"),
    (Attribute::ClearTextLogin, "Login in clear text"),
    (Attribute::SnmpSysDescr, "SNMP description"),
    (Attribute::SnmpSysObjectId, "SNMP object id"),
    (Attribute::SnmpVersion, "SNMP version"),
    (Attribute::SnmpCommunity, "SNMP community"),
    (Attribute::SnmpEngineId, "SNMP engine id"),
    (Attribute::SmbDialect, "SMB dialect"),
    (Attribute::SmbOs, "SMB operating system"),
    (Attribute::RdpSecurity, "RDP security"),
    (Attribute::Vnc, "VNC"),
    (Attribute::SsdpServer, "SSDP server"),
    (Attribute::UpnpType, "UPnP type"),
    (Attribute::WsdType, "WS-Discovery type"),
    (Attribute::DnsService, "DNS service"),
    (Attribute::BacnetInstance, "BACnet instance"),
    (Attribute::BacnetVendorId, "BACnet vendor id"),
    (Attribute::DhcpVendorClass, "DHCP vendor class"),
    (Attribute::DhcpFingerprint, "DHCP fingerprint"),
];

/// What would decide the attributes that every device should have.
const QUESTIONS: &[(Attribute, &str)] = &[
    (Attribute::Maker, "Ask biomed to read the maker's name from the label."),
    (Attribute::Model, "Ask biomed to read the model from the label."),
    (Attribute::Class, "Ask biomed what kind of device this is."),
    (Attribute::Serial, "Ask biomed to read the serial number from the label."),
    (
        Attribute::SoftwareVersion,
        "Not seen on the network. Ask biomed to read it from the device's About or Service screen.",
    ),
    (Attribute::Os, "Ask biomed or the maker which operating system it runs."),
    (Attribute::Location, "Add a location to the inventory and take it in again."),
    (Attribute::Department, "Add a department to the inventory and take it in again."),
    (Attribute::Owner, "Add an owner to the inventory and take it in again."),
    (Attribute::AssetTag, "This device is not in the inventory. Ask biomed whether it should be."),
    (Attribute::Udi, "Ask biomed to scan the UDI barcode on the label."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_has_words() {
        for known in Attribute::ALL {
            let words = attribute(*known);
            assert!(words.starts_with(char::is_uppercase) && !words.contains('_'), "{words}");
        }
        assert_eq!(attribute(Attribute::SoftwareVersion), "Software version");
    }
}
