//! Spreadsheets: XLSX and ODS, read as the table that they hold.
//!
//! Source: ECMA-376 (Office Open XML) part 1, clause 18; OpenDocument 1.3 part 3.
//! Input:  the bytes of the file.
//! Output: the sheet with the most known headings as comma-separated text, rows in their places.
//!         Numbers come without exponent where they are whole, days as `2024-03-02`.
//! Limits: [`UNPACKED_BYTES_MAX`] of all that is read, [`SHEETS_MAX`] sheets, [`ROWS_MAX`] rows
//!         and [`COLUMNS_MAX`] columns of each. Formulas are not worked out; their last value is
//!         read. Encrypted files and the older binary formats are refused.

mod archive;
mod ods;
mod xlsx;
mod xml;

use archive::Archive;

use crate::inventory::header::Header;

/// Rows of cells.
type Table = Vec<Vec<String>>;

/// The table in a spreadsheet, or why there is none; nothing where `bytes` are no spreadsheet.
pub(super) fn as_table(bytes: &[u8]) -> Option<Result<Vec<u8>, &'static str>> {
    if !is_sheet(bytes) {
        return None;
    }
    let Some(mut archive) = Archive::read(bytes) else {
        return Some(Err("the spreadsheet is damaged, encrypted or of a size that is not read"));
    };
    let tables = if archive.has("content.xml") {
        ods::tables(&mut archive)
    } else {
        xlsx::tables(&mut archive)
    };
    Some(tables.and_then(|tables| best(&tables).ok_or("the spreadsheet holds no table")))
}

/// True for the beginning of a spreadsheet.
pub(super) fn is_sheet(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    let says = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
    bytes.starts_with(b"PK\x03\x04")
        && (says(ODS_TYPE) || says(b"[Content_Types].xml") || says(b"xl/"))
}

/// The table whose header has the most known headings, as text.
fn best(tables: &[Table]) -> Option<Vec<u8>> {
    let texts = tables.iter().filter_map(text);
    let known = |text: &Vec<u8>| Header::of(text).map_or(0, |header| header.known());
    // Of equals the first, which is the one that people see.
    texts.rev().max_by_key(known)
}

fn text(table: &Table) -> Option<Vec<u8>> {
    if table.iter().flatten().all(String::is_empty) {
        return None;
    }
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in table {
        let cells = row.iter().map(String::as_str);
        // An empty row keeps its place.
        let written =
            if row.is_empty() { writer.write_record(["", ""]) } else { writer.write_record(cells) };
        written.ok()?;
    }
    writer.into_inner().ok()
}

/// A number as a person would have typed it. Beyond fifteen digits a spreadsheet has rounded it,
/// and it stays as it is written.
fn number(value: &str) -> String {
    match value.parse::<f64>() {
        Ok(number) if number.fract() == 0.0 && number.abs() < EXACT_MAX => format!("{number:.0}"),
        _ => value.to_owned(),
    }
}

/// The first bytes that tell what the archive is.
const HEAD_BYTES: usize = 4096;
const ODS_TYPE: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";
/// Numbers below this have all their digits.
const EXACT_MAX: f64 = 1e15;

/// Bytes of all members together that are unpacked: some million cells.
const UNPACKED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Sheets that are looked at.
const SHEETS_MAX: usize = 30;
/// Rows of a sheet; what a spreadsheet program can hold.
const ROWS_MAX: usize = 1_048_576;
/// Columns of a sheet that are read.
const COLUMNS_MAX: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::read_inventory;
    use model::Attribute;

    /// A workbook with the given sheet data, shared strings, and a style for days.
    fn workbook(sheet: &str, strings: &str) -> Vec<u8> {
        archive::tests::pack(&[
            ("[Content_Types].xml", "<Types/>"),
            ("xl/workbook.xml", "<workbook/>"),
            ("xl/sharedStrings.xml", &format!("<sst>{strings}</sst>")),
            (
                "xl/styles.xml",
                "<styleSheet><numFmts><numFmt numFmtId=\"170\" formatCode=\"dd\\.mm\\.yyyy\"/>\
                 <numFmt numFmtId=\"171\" formatCode=\"0.00 &quot;days&quot;\"/></numFmts>\
                 <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"170\"/>\
                 <xf numFmtId=\"171\"/></cellXfs></styleSheet>",
            ),
            (
                "xl/worksheets/sheet1.xml",
                &format!("<worksheet><sheetData>{sheet}</sheetData></worksheet>"),
            ),
        ])
    }

    fn told(bytes: &[u8]) -> Vec<String> {
        let table = as_table(bytes).unwrap().unwrap();
        String::from_utf8(table).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn reads_a_workbook() {
        let strings = "<si><t>Asset ID</t></si><si><r><t>Ser</t></r><r><t>ial</t></r></si>\
                       <si><t>Maker &amp; Co</t></si><si><t>Bought</t></si>";
        let sheet = "<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c><c r=\"B2\" t=\"s\"><v>1</v></c>\
             <c r=\"D2\" t=\"s\"><v>3</v></c></row>\
             <row r=\"4\"><c r=\"A4\" t=\"inlineStr\"><is><t>A1</t></is></c><c r=\"B4\"><v>470012345678901</v></c>\
             <c r=\"C4\" t=\"s\"><v>2</v></c><c r=\"D4\" s=\"2\"><v>45353</v></c></row>\
             <row r=\"5\"><c r=\"A5\" t=\"str\"><f>X</f><v>A2</v></c><c r=\"B5\"><v>6.37702E+15</v></c>\
             <c r=\"D5\" s=\"1\"><v>45353.5</v></c><c r=\"E5\" s=\"3\"><v>45353</v></c></row>";
        assert_eq!(
            told(&workbook(sheet, strings)),
            [
                ",",
                "Asset ID,Serial,,Bought",
                ",",
                "A1,470012345678901,Maker & Co,2024-03-02",
                "A2,6.37702E+15,,2024-03-02,45353",
            ]
        );
        let inventory = read_inventory("cmms.xlsx", &workbook(sheet, strings));
        let record = &inventory.records[0];
        assert_eq!(record.row, 4, "rows are where they are");
        assert_eq!(record.value(Attribute::Serial), Some("470012345678901"));
    }

    #[test]
    fn reads_an_open_document() {
        let content = "<office:document-content><office:body><office:spreadsheet>\
             <table:table table:name=\"Notes\"><table:table-row><table:table-cell>\
             <text:p>Hello</text:p></table:table-cell></table:table-row></table:table>\
             <table:table table:name=\"List\">\
             <table:table-row table:number-rows-repeated=\"2\"><table:table-cell \
             table:number-columns-repeated=\"16384\"/></table:table-row>\
             <table:table-row><table:table-cell><text:p>Asset ID</text:p></table:table-cell>\
             <table:table-cell table:number-columns-repeated=\"2\"/><table:table-cell>\
             <text:p>Serial</text:p></table:table-cell><table:table-cell><text:p>Purchase Date</text:p>\
             </table:table-cell></table:table-row>\
             <table:table-row><table:table-cell office:value-type=\"string\"><text:p>A&amp;1</text:p>\
             </table:table-cell><table:covered-table-cell table:number-columns-repeated=\"2\"/>\
             <table:table-cell office:value-type=\"float\" office:value=\"4711\"><text:p>4.711</text:p>\
             </table:table-cell><table:table-cell office:value-type=\"date\" \
             office:date-value=\"2024-03-02T00:00:00\"><text:p>2.3.24</text:p></table:table-cell>\
             </table:table-row><table:table-row table:number-rows-repeated=\"1048570\">\
             <table:table-cell/></table:table-row></table:table>\
             </office:spreadsheet></office:body></office:document-content>";
        let mime = std::str::from_utf8(ODS_TYPE).unwrap();
        let bytes = archive::tests::pack(&[("mimetype", mime), ("content.xml", content)]);
        assert_eq!(
            told(&bytes),
            [",", ",", "Asset ID,,,Serial,Purchase Date", "A&1,,,4711,2024-03-02"]
        );
    }

    #[test]
    fn says_why_there_is_no_table() {
        let whole = workbook("<row><c t=\"str\"><v>x</v></c></row>", "");
        for (name, bytes, want) in [
            ("cut", &whole[..whole.len() - 9], "damaged, encrypted"),
            ("empty", &workbook("", ""), "holds no table"),
            ("no sheet", &archive::tests::pack(&[("xl/workbook.xml", "<a/>")]), "holds no table"),
        ] {
            let got = as_table(bytes).unwrap().unwrap_err();
            assert!(got.contains(want), "{name}: {got}");
        }
        assert!(as_table(b"asset_id\n1\n").is_none());
        assert!(as_table(&archive::tests::pack(&[("word/document.xml", "<a/>")])).is_none());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(at in 0usize..2000, byte: u8, cut in 0usize..3000) {
            let mut bytes = workbook("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>", "<si><t>x</t></si>");
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _ = as_table(&bytes);
            let _ = as_table(bytes.get(..cut).unwrap_or(&bytes));
        }
    }
}
