//! Browser announcements: a Windows host says what it is to its neighbours.
//!
//! Source:  RFC 1002 section 4.4 (datagram header); MS-CIFS 2.2.4.33 (transaction);
//!          MS-BRWS 2.2.1, 2.2.3 and 2.2.6.
//! Input:   one datagram over UDP port 138.
//! Output:  host name, system version and the roles of its server type.
//! Privacy: the comment is free text and is not copied.

use model::{Attribute, Confidence};

use super::name::NetbiosName;
use crate::dissect::{About, Datagram, Field, Heard, Server, Sink};
use crate::reader::Reader;

pub(super) const FIELDS: &[Field] = &[HOST, OS, ROLE];

const HOST: Field =
    Field::new(NAME, "ServerName", Attribute::Hostname, Confidence::STATED, "2.2.1");
const OS: Field = Field::new(
    NAME,
    "OSVersion",
    Attribute::Os,
    Confidence::LIKELY,
    "version of Windows NT that the host claims; Samba claims one too (2.2.1)",
);
const ROLE: Field = Field::new(NAME, "ServerType", Attribute::Role, Confidence::STRONG, "2.2.6");

pub(super) fn read(datagram: &Datagram<'_>, sink: &mut dyn Sink) -> Heard {
    let Some(start) = user_data(datagram.payload) else { return Heard::NotMine };
    // What else rides in these datagrams (logon, replication) is recognised and not read.
    let _ = announcement(datagram.payload, start, sink);
    Heard::Mine(Server::Sender)
}

/// Offset of what the datagram carries, where its header and both names can be NetBIOS.
fn user_data(payload: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(payload);
    let kind = reader.u8()?;
    reader.skip(HEADER_BYTES - 1)?;
    if !matches!(kind, DIRECT_UNIQUE | DIRECT_GROUP | BROADCAST) {
        return None;
    }
    for _ in 0..2 {
        if reader.u8()? != 32 {
            return None;
        }
        NetbiosName::decode_label(reader.take(32)?)?;
        // A scope, where there is one, is a row of labels up to an empty one.
        for _ in 0..=SCOPE_LABELS_MAX {
            match reader.u8()? {
                0 => break,
                size => reader.skip(usize::from(size))?,
            }
        }
    }
    Some(reader.position())
}

fn announcement(payload: &[u8], smb: usize, sink: &mut dyn Sink) -> Option<()> {
    let mut reader = Reader::new(payload);
    reader.skip(smb)?;
    if reader.take(5)? != b"\xffSMB\x25" {
        return None;
    }
    reader.skip(SMB_HEADER_BYTES - 5)?;
    let words = usize::from(reader.u8()?);
    let mut words = reader.part(words * 2)?;
    words.skip(DATA_OFFSET_WORD * 2)?;
    let data = smb + usize::from(words.u16_le()?);
    let size = usize::from(reader.u16_le()?);
    if !starts_with_mailslot(reader.take(size.min(MAILSLOT.len() + 1))?) {
        return None;
    }
    let mut reader = Reader::new(payload);
    reader.skip(data)?;
    if !matches!(reader.u8()?, HOST_ANNOUNCEMENT | LOCAL_MASTER_ANNOUNCEMENT) {
        return None;
    }
    reader.skip(5)?;
    let start = reader.position();
    let name = reader.take(16)?;
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    sink.found_bytes(&HOST, About::Sender, name, start..start + name.len());
    let (major, minor) = (reader.u8()?, reader.u8()?);
    let os = format!("Windows NT {major}.{minor}");
    sink.found(&OS, About::Sender, &os, start + 16..start + 18);
    let kinds = reader.u32_le()?;
    for (bits, role) in ROLES {
        if kinds & bits != 0 {
            sink.found(&ROLE, About::Sender, role, start + 18..start + 22);
        }
    }
    Some(())
}

fn starts_with_mailslot(bytes: &[u8]) -> bool {
    bytes.get(..MAILSLOT.len()).is_some_and(|start| start.eq_ignore_ascii_case(MAILSLOT))
}

pub(super) const NAME: &str = "netbios_datagram";
const HEADER_BYTES: usize = 14;
const DIRECT_UNIQUE: u8 = 0x10;
const DIRECT_GROUP: u8 = 0x11;
const BROADCAST: u8 = 0x12;
const SMB_HEADER_BYTES: usize = 32;
const DATA_OFFSET_WORD: usize = 12;
const MAILSLOT: &[u8] = br"\MAILSLOT\BROWSE";
const HOST_ANNOUNCEMENT: u8 = 1;
const LOCAL_MASTER_ANNOUNCEMENT: u8 = 15;
/// Most labels of a scope; scopes are hardly used at all.
const SCOPE_LABELS_MAX: usize = 8;
/// Bits of the server type and the roles they mean.
const ROLES: &[(u32, &str)] =
    &[(0x18, "domain_controller"), (0x04, "sql_server"), (0x0200, "print_server")];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::DATAGRAMS;
    use crate::testing::{datagram, hex};

    fn announcement(command: u8, mailslot: &str, kinds: u32) -> Vec<u8> {
        let name = ["20", &"41".repeat(32), "00"].concat();
        let mut bytes = hex(&["110a0001 c0000201 008a 00bb 0000", &name, &name].concat());
        bytes.extend(b"\xffSMB\x25");
        bytes.extend([0; 27]);
        let path = [mailslot.as_bytes(), &[0]].concat();
        let data = 33 + 34 + 2 + path.len();
        bytes.push(17);
        bytes.extend([0; 24]);
        bytes.extend((data as u16).to_le_bytes());
        bytes.extend(hex("0300 0100 0000 0200"));
        bytes.extend((path.len() as u16).to_le_bytes());
        bytes.extend(path);
        bytes.extend([command, 0, 0, 0, 0, 0]);
        bytes.extend(b"CT1\0garbage\0\0\0\0\0");
        bytes.extend([6, 1]);
        bytes.extend(kinds.to_le_bytes());
        bytes.extend(b"\x0f\x01\x55\xaaAnna's machine\0");
        bytes
    }

    #[test]
    fn announcements() {
        let told = "sender hostname = \"CT1\" ServerName @174+3\n\
             sender os = \"Windows NT 6.1\" OSVersion @190+2\n";
        for (name, bytes, want) in [
            ("host", announcement(1, r"\MAILSLOT\BROWSE", 0x1003), told.to_owned()),
            ("local master", announcement(15, r"\Mailslot\Browse", 0x4_1003), told.to_owned()),
            (
                "controller",
                announcement(1, r"\MAILSLOT\BROWSE", 0x0208),
                format!(
                    "{told}sender role = \"domain_controller\" ServerType @192+4\n\
                    sender role = \"print_server\" ServerType @192+4\n"
                ),
            ),
            ("domain", announcement(12, r"\MAILSLOT\BROWSE", 0x1003), String::new()),
            ("other mailslot", announcement(1, r"\MAILSLOT\OTHER1", 0x1003), String::new()),
        ] {
            let want = format!("{want}Mine(Sender)\n");
            assert_eq!(datagram(&DATAGRAMS, (138, 138), &bytes), want, "{name}");
        }
        assert_eq!(datagram(&DATAGRAMS, (138, 138), b"hello"), "NotMine\n");
    }

    #[test]
    fn a_prefix_never_tells_a_role() {
        let whole = announcement(1, r"\MAILSLOT\BROWSE", 8);
        for seen in 0..196 {
            let transcript = datagram(&DATAGRAMS, (138, 138), &whole[..seen]);
            assert!(!transcript.contains("role"), "{seen}: {transcript}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, cut in 0usize..200, at in 0usize..200, byte: u8) {
            let mut whole = announcement(1, r"\MAILSLOT\BROWSE", 8);
            whole[at] = byte;
            whole.truncate(cut);
            whole.extend(&bytes);
            datagram(&DATAGRAMS, (138, 138), &whole);
            datagram(&DATAGRAMS, (138, 138), &bytes);
        }
    }
}
