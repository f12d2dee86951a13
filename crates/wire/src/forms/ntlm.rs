//! NTLM messages: the names and the version that Windows tells before anybody logs in.
//!
//! Source:  MS-NLMP sections 2.2.1 (messages), 2.2.2.1 (AV pairs), 2.2.2.10 (version).
//! Input:   one NTLMSSP message, or a security token with one in it, whatever carried it: SMB,
//!          HTTP, RDP.
//! Output:  host and domain names, version as `Windows NT 6.1 build 7601`;
//!          `knowledge/windows-versions.csv` tells what that version is called.
//! Privacy: the user's name, domain and proofs in an AUTHENTICATE message are never looked at.

use std::ops::Range;

use model::{Attribute, Confidence};

use crate::dissect::{About, Field, Sink};
use crate::protocols::tls::record::place;
use crate::reader::Reader;
use crate::text;

/// Every field that an NTLM message yields. Whoever calls [`read`] lists them as its own too.
pub(crate) const FIELDS: &[Field] =
    &[COMPUTER, DNS_COMPUTER, DOMAIN, DNS_DOMAIN, VERSION, WORKSTATION, CLIENT_VERSION];

/// Reports what the first NTLMSSP message in `token` tells; false where there is none.
///
/// `at` turns a range of `token` into one of the dissector's input.
pub(crate) fn read(
    token: &[u8],
    at: &dyn Fn(Range<usize>) -> Range<usize>,
    sink: &mut dyn Sink,
) -> bool {
    let Some(start) = memchr::memmem::find(token, SIGNATURE) else { return false };
    let message = token.get(start..).unwrap_or_default();
    let at = |range: Range<usize>| at(range.start + start..range.end + start);
    match u32_at(message, 8) {
        Some(NEGOTIATE) => read_negotiate(message, &at, sink),
        Some(CHALLENGE) => read_challenge(message, &at, sink),
        Some(AUTHENTICATE) => read_authenticate(message, &at, sink),
        _ => return false,
    }
    true
}

type Place<'a> = &'a dyn Fn(Range<usize>) -> Range<usize>;

fn read_negotiate(message: &[u8], at: Place<'_>, sink: &mut dyn Sink) {
    let flags = u32_at(message, 12).unwrap_or_default();
    if flags & WORKSTATION_SUPPLIED != 0 {
        // Before the flags are agreed on, names are in the OEM character set.
        report_name(&WORKSTATION, message, buffer(message, 24), false, at, sink);
    }
    report_version(&CLIENT_VERSION, message, 32, flags, at, sink);
}

fn read_challenge(message: &[u8], at: Place<'_>, sink: &mut dyn Sink) {
    let flags = u32_at(message, 20).unwrap_or_default();
    let info = buffer(message, 40).unwrap_or_default();
    let computers = [pair(info, AV_NETBIOS_COMPUTER), pair(info, AV_DNS_COMPUTER)];
    for (field, id) in [
        (&COMPUTER, AV_NETBIOS_COMPUTER),
        (&DNS_COMPUTER, AV_DNS_COMPUTER),
        (&DOMAIN, AV_NETBIOS_DOMAIN),
        (&DNS_DOMAIN, AV_DNS_DOMAIN),
    ] {
        let value = pair(info, id);
        // A computer that is in no domain gives its own name instead.
        let own_name = field.attribute == Attribute::Domain && computers.contains(&value);
        if !own_name {
            report_name(field, message, value, true, at, sink);
        }
    }
    report_version(&VERSION, message, 48, flags, at, sink);
}

/// The value of the first pair with this number.
fn pair(info: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut pairs = Reader::new(info);
    loop {
        let (id, length) = (pairs.u16_le()?, pairs.u16_le()?);
        let value = pairs.take(usize::from(length))?;
        match id {
            AV_END => return None,
            _ if id == wanted => return Some(value),
            _ => {}
        }
    }
}

fn read_authenticate(message: &[u8], at: Place<'_>, sink: &mut dyn Sink) {
    let flags = u32_at(message, 60).unwrap_or_default();
    let unicode = flags & UNICODE != 0;
    report_name(&WORKSTATION, message, buffer(message, 44), unicode, at, sink);
    report_version(&CLIENT_VERSION, message, 64, flags, at, sink);
}

fn report_name(
    field: &'static Field,
    message: &[u8],
    value: Option<&[u8]>,
    unicode: bool,
    at: Place<'_>,
    sink: &mut dyn Sink,
) {
    let Some(value) = value else { return };
    let name = if unicode { utf16_le(value) } else { text::clean(value).map(Into::into) };
    let Some(name) = name else { return };
    // A host's name is its first label; the rest is its domain.
    let is_host = field.attribute == Attribute::Hostname;
    let name = if is_host { name.split('.').next().unwrap_or(&name) } else { &name };
    sink.found_text(field, About::Sender, name.trim_start_matches('\\'), at(place(message, value)));
}

fn report_version(
    field: &'static Field,
    message: &[u8],
    offset: usize,
    flags: u32,
    at: Place<'_>,
    sink: &mut dyn Sink,
) {
    let mut reader = Reader::new(message.get(offset..).unwrap_or_default());
    let (Some(major), Some(minor), Some(build)) = (reader.u8(), reader.u8(), reader.u16_le())
    else {
        return;
    };
    if flags & VERSION_PRESENT == 0 || major == 0 || build == 0 {
        return;
    }
    let version = format!("Windows NT {major}.{minor} build {build}");
    sink.found(field, About::Sender, &version, at(offset..offset + 4));
}

/// Text of two-byte characters, least significant byte first, as clean text.
pub(crate) fn utf16_le(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> =
        bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    text::clean_str(&String::from_utf16_lossy(&units)).map(Into::into)
}

/// The bytes that the length and offset at `field` point to.
fn buffer(message: &[u8], field: usize) -> Option<&[u8]> {
    let mut reader = Reader::new(message.get(field..)?);
    let (length, _room, offset) = (reader.u16_le()?, reader.u16_le()?, reader.u32_le()?);
    let start = offset as usize;
    message.get(start..start.checked_add(usize::from(length))?).filter(|bytes| !bytes.is_empty())
}

fn u32_at(message: &[u8], offset: usize) -> Option<u32> {
    Reader::new(message.get(offset..)?).u32_le()
}

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const NEGOTIATE: u32 = 1;
const CHALLENGE: u32 = 2;
const AUTHENTICATE: u32 = 3;
const UNICODE: u32 = 1;
const WORKSTATION_SUPPLIED: u32 = 0x2000;
const VERSION_PRESENT: u32 = 0x0200_0000;
const AV_END: u16 = 0;
const AV_NETBIOS_COMPUTER: u16 = 1;
const AV_NETBIOS_DOMAIN: u16 = 2;
const AV_DNS_COMPUTER: u16 = 3;
const AV_DNS_DOMAIN: u16 = 4;

const NAME: &str = "ntlm";

/// NetBIOS name of the server.
pub(crate) const COMPUTER: Field = Field::new(
    NAME,
    "CHALLENGE.MsvAvNbComputerName",
    Attribute::Hostname,
    Confidence::STATED,
    "NetBIOS name of the server, MS-NLMP section 2.2.2.1",
);
/// DNS name of the server.
pub(crate) const DNS_COMPUTER: Field = Field::new(
    NAME,
    "CHALLENGE.MsvAvDnsComputerName",
    Attribute::Hostname,
    Confidence::STATED,
    "first label of the server's DNS name, MS-NLMP section 2.2.2.1",
);
/// NetBIOS domain of the server.
pub(crate) const DOMAIN: Field = Field::new(
    NAME,
    "CHALLENGE.MsvAvNbDomainName",
    Attribute::Domain,
    Confidence::STRONG,
    "NetBIOS domain of the server, MS-NLMP section 2.2.2.1",
);
/// DNS domain of the server.
pub(crate) const DNS_DOMAIN: Field = Field::new(
    NAME,
    "CHALLENGE.MsvAvDnsDomainName",
    Attribute::Domain,
    Confidence::STATED,
    "DNS domain of the server, MS-NLMP section 2.2.2.1",
);
/// Version of the server.
pub(crate) const VERSION: Field = Field::new(
    NAME,
    "CHALLENGE.Version",
    Attribute::SmbOs,
    Confidence::STRONG,
    "version of the server's Windows, MS-NLMP section 2.2.2.10; Samba states 6.1 without a build",
);
/// Name of the client.
pub(crate) const WORKSTATION: Field = Field::new(
    NAME,
    "AUTHENTICATE.Workstation",
    Attribute::Hostname,
    Confidence::STRONG,
    "name that the client gives itself, MS-NLMP sections 2.2.1.1 and 2.2.1.3",
);
/// Version of the client.
pub(crate) const CLIENT_VERSION: Field = Field::new(
    NAME,
    "AUTHENTICATE.Version",
    Attribute::SmbOs,
    Confidence::LIKELY,
    "version of the client's Windows, MS-NLMP section 2.2.2.10; other clients make one up",
);

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::Transcript;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn pointer(length: usize, offset: usize) -> Vec<u8> {
        let length = u16::try_from(length).unwrap().to_le_bytes();
        [&length, &length, u32::try_from(offset).unwrap().to_le_bytes().as_slice()].concat()
    }

    pub(crate) fn challenge() -> Vec<u8> {
        let pair = |id: u16, text: &str| {
            let value = wide(text);
            let length = u16::try_from(value.len()).unwrap();
            [&id.to_le_bytes(), &length.to_le_bytes(), value.as_slice()].concat()
        };
        let info = [pair(2, "CLINIC"), pair(1, "CT1"), pair(3, "ct1.clinic.example"), pair(0, "")]
            .concat();
        let mut bytes = [SIGNATURE, &2u32.to_le_bytes(), &pointer(0, 56)].concat();
        bytes.extend((VERSION_PRESENT | UNICODE).to_le_bytes());
        bytes.extend([0x33; 16]);
        bytes.extend(pointer(info.len(), 56));
        bytes.extend([6, 1, 0xb1, 0x1d, 0, 0, 0, 15]);
        [bytes, info].concat()
    }

    pub(crate) fn authenticate() -> Vec<u8> {
        let (user, station) = (wide("jane.doe"), wide("WS7"));
        let mut bytes = [SIGNATURE, &3u32.to_le_bytes()].concat();
        for _ in 0..3 {
            bytes.extend(pointer(user.len(), 72));
        }
        bytes.extend(pointer(user.len(), 72));
        bytes.extend(pointer(station.len(), 72 + user.len()));
        bytes.extend(pointer(0, 0));
        bytes.extend((VERSION_PRESENT | UNICODE).to_le_bytes());
        bytes.extend([10, 0, 0x65, 0x4a, 0, 0, 0, 15]);
        [bytes, user, station].concat()
    }

    fn check(token: &[u8]) -> String {
        let mut transcript = Transcript::default();
        read(token, &|range| range, &mut transcript);
        transcript.lines
    }

    #[test]
    fn reads_messages() {
        let negotiate = [
            [SIGNATURE, &1u32.to_le_bytes(), &(0x0200_2000u32).to_le_bytes()].concat(),
            pointer(0, 0),
            pointer(3, 40),
            vec![5, 1, 0x28, 0x0a, 0, 0, 0, 15],
            b"WS9".to_vec(),
        ]
        .concat();
        for (row, token, want) in [
            (
                "challenge",
                challenge(),
                "sender hostname = \"CT1\" CHALLENGE.MsvAvNbComputerName @76+6\n\
                 sender hostname = \"ct1\" CHALLENGE.MsvAvDnsComputerName @86+36\n\
                 sender domain = \"CLINIC\" CHALLENGE.MsvAvNbDomainName @60+12\n\
                 sender smb_os = \"Windows NT 6.1 build 7601\" CHALLENGE.Version @48+4\n",
            ),
            (
                "authenticate inside a token; the user is left out",
                [b"\x60\x09SPNEGO..".as_slice(), &authenticate()].concat(),
                "sender hostname = \"WS7\" AUTHENTICATE.Workstation @98+6\n\
                 sender smb_os = \"Windows NT 10.0 build 19045\" AUTHENTICATE.Version @74+4\n",
            ),
            (
                "negotiate",
                negotiate,
                "sender hostname = \"WS9\" AUTHENTICATE.Workstation @40+3\n\
                 sender smb_os = \"Windows NT 5.1 build 2600\" AUTHENTICATE.Version @32+4\n",
            ),
            ("nothing", b"NTLMSSP".to_vec(), ""),
        ] {
            assert_eq!(check(&token), want, "{row}");
        }
    }

    #[test]
    fn the_table_of_versions_is_whole() {
        let table = include_str!("../../../../knowledge/windows-versions.csv");
        for line in table.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 8, "{line}");
            assert!(cells[..3].iter().all(|cell| cell.parse::<u16>().is_ok()), "{line}");
            let end = cells[5];
            assert!(
                end.is_empty() || format!("{end}T00:00:00Z").parse::<model::Timestamp>().is_ok()
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(kind in 0u8..5, cut in 0usize..130, tail: Vec<u8>) {
            check(&[SIGNATURE, &[kind, 0, 0, 0], &tail].concat());
            for mut message in [challenge(), authenticate()] {
                message.truncate(cut);
                message.extend(&tail);
                check(&message);
            }
        }
    }
}
