//! Header sections: collected until they are whole, then read by httparse.
//!
//! Decides where a section ends and what its fields say about the length of the content. httparse
//! decides whether it is a valid section.
//!
//! Sources: RFC 9112 §2.1, §2.2, §6.1, §6.3.

use httparse::{EMPTY_HEADER, Error, Header, ParserConfig, Request, Response, Status};

use super::BothLengths;
use crate::fault::What;

/// How many fields a section may have.
pub(super) const FIELDS: usize = 128;

/// The bytes of a section up to the line that ends it.
#[derive(Clone, Debug)]
pub(super) struct Section {
    bytes: Vec<u8>,
    pub(super) limit: usize,
    pub(super) both_lengths: BothLengths,
    line: Line,
}

/// The position in the last line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Start,
    /// After a CR that began the line.
    Cr,
    Text,
}

/// The state of a section after a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grown {
    /// It is not whole.
    Open,
    /// Its first line is empty.
    Empty,
    /// An empty line has ended it.
    Whole,
}

impl Section {
    pub(super) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, both_lengths: BothLengths::Refuse, line: Line::Start }
    }

    /// Takes a byte, if the limit allows it.
    pub(super) fn push(&mut self, byte: u8) -> Result<Grown, What> {
        if self.bytes.len() >= self.limit {
            return Err(What::HeaderSectionTooLong);
        }
        self.bytes.push(byte);
        // RFC 9112 §2.2: a lone LF ends a line too, and httparse takes it.
        self.line = match (self.line, byte) {
            (Line::Start | Line::Cr, b'\n') => {
                return Ok(if self.bytes.len() <= 2 { Grown::Empty } else { Grown::Whole });
            }
            (Line::Text, b'\n') => Line::Start,
            (Line::Start, b'\r') => Line::Cr,
            (Line::Start | Line::Cr | Line::Text, _) => Line::Text,
        };
        Ok(Grown::Open)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn clear(&mut self) {
        (self.line, self.bytes) = (Line::Start, Vec::new());
    }

    /// What a whole section of a request says.
    pub(super) fn request(&self) -> Result<Head, What> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut request = Request::new(&mut fields);
        let read = request.parse(&self.bytes);
        self.all_of(read)?;
        let method = Method::named(request.method.unwrap_or_default());
        // RFC 9110 §10.1.1: a server ignores the expectation of an HTTP/1.0 client
        let expects_continue = request.version == Some(1) && expects_continue(request.headers);
        let length = length(request.headers, request.version, self.both_lengths);
        Ok(Head { start: Start::Request { method, expects_continue }, length })
    }

    /// What a whole section of a response says.
    pub(super) fn response(&self) -> Result<Head, What> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut response = Response::new(&mut fields);
        // RFC 9112 §5.2: folded lines are taken from a server
        let mut config = ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        let read = config.parse_response(&mut response, &self.bytes);
        self.all_of(read)?;
        let status = response.code.unwrap_or_default();
        let length = length(response.headers, response.version, self.both_lengths);
        Ok(Head { start: Start::Response(status), length })
    }

    /// Whether a whole trailer section is valid.
    pub(super) fn trailers(&self) -> Result<(), What> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let read = httparse::parse_headers(&self.bytes, &mut fields).map(|status| match status {
            Status::Complete((read, _)) => Status::Complete(read),
            Status::Partial => Status::Partial,
        });
        self.all_of(read)
    }

    /// httparse must have found the end where we did.
    fn all_of(&self, read: Result<Status<usize>, Error>) -> Result<(), What> {
        match read {
            Ok(Status::Complete(read)) if read == self.bytes.len() => Ok(()),
            Err(Error::TooManyHeaders) => Err(What::TooManyHeaders),
            Ok(_) | Err(_) => Err(What::HeaderSection),
        }
    }
}

/// What the length of content depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) start: Start,
    /// A fault counts only if content may follow.
    pub(super) length: Result<Length, What>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Start {
    Request { method: Method, expects_continue: bool },
    Response(u16),
}

/// The methods whose responses do not end where their fields say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    Head,
    Connect,
    Other,
}

impl Method {
    /// RFC 9110 §9.1: the case matters.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// What the fields say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Length {
    Unsaid,
    Known(u64),
    Chunked,
    /// Transfer codings of which chunked is not the last.
    OtherCoding,
}

/// RFC 9112 §6.3, without the rules that depend on the method or the status.
fn length(fields: &[Header<'_>], version: Option<u8>, both_lengths: BothLengths) -> Result<Length, What> {
    let Some(coding) = transfer_coding(fields)? else {
        return Ok(content_length(fields)?.map_or(Length::Unsaid, Length::Known));
    };
    // RFC 9112 §6.1: in HTTP/1.0 the framing is faulty, whatever else it says
    if version != Some(1) {
        return Err(What::TransferEncoding);
    }
    // RFC 9112 §6.1, §6.3: both ought to be handled as an error, because another recipient may
    // read them differently
    let has_both = elements(fields, "content-length").next().is_some();
    if has_both && both_lengths == BothLengths::Refuse {
        return Err(What::LengthAndCoding);
    }
    Ok(coding)
}

/// RFC 9110 §10.1.1, with §5.6.4: a quoted parameter may hold a comma. A comma splits elements
/// here, so such an element is not interpreted.
fn expects_continue(fields: &[Header<'_>]) -> bool {
    let mut is_expected = false;
    for element in elements(fields, "expect") {
        if element.contains(&b'"') {
            return false;
        }
        is_expected |= element.eq_ignore_ascii_case(b"100-continue");
    }
    is_expected
}

fn elements<'f>(fields: &'f [Header<'_>], name: &str) -> impl Iterator<Item = &'f [u8]> {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .flat_map(|field| field.value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
}

/// RFC 9112 §6.3: one length, which may be repeated.
fn content_length(fields: &[Header<'_>]) -> Result<Option<u64>, What> {
    let mut known = None;
    for element in elements(fields, "content-length") {
        let value = decimal(element).ok_or(What::ContentLength)?;
        if *known.get_or_insert(value) != value {
            return Err(What::ContentLength);
        }
    }
    Ok(known)
}

fn decimal(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

/// RFC 9112 §6.1, §7: chunked once, and last if content is to end before the connection does.
fn transfer_coding(fields: &[Header<'_>]) -> Result<Option<Length>, What> {
    let (mut any, mut chunked, mut last) = (false, 0, Length::OtherCoding);
    for element in elements(fields, "transfer-encoding") {
        any = true;
        // A quoted parameter may hold a comma. A comma splits elements here, so such an element is
        // not interpreted.
        if element.contains(&b'"') {
            return Err(What::TransferEncoding);
        }
        if element.is_empty() {
            continue;
        }
        let name = element.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        last = Length::OtherCoding;
        if name.eq_ignore_ascii_case(b"chunked") {
            (chunked, last) = (chunked + 1, Length::Chunked);
            // RFC 9112 §7.1: chunked has no parameters
            if name.len() != element.len() {
                return Err(What::TransferEncoding);
            }
        }
    }
    if chunked > 1 {
        return Err(What::TransferEncoding);
    }
    Ok(any.then_some(last))
}
