#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

void encode_section(const Section& section, std::string& out) {
  constexpr std::string_view texts[] = {"",     "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT",
                                        "TEXT", "MIME"};
  out += '[';
  for (std::size_t i = 0; i < section.part.size(); ++i) {
    out += i == 0 ? "" : ".";
    encode_number(section.part[i], out);
  }
  const std::string_view text = texts[static_cast<std::size_t>(section.text)];
  out += !text.empty() && !section.part.empty() ? "." : "";
  out += text;
  if (!section.names.empty()) {
    out += " (";
    for (const std::string& name : section.names) {
      out += &name == &section.names.front() ? "" : " ";
      encode_astring(name, out);  // as clients look for what they asked
    }
    out += ')';
  }
  out += ']';
}

}  // namespace

void encode_item_name(const FetchItem& item, std::string& out) {
  switch (item.kind) {
    case FetchKind::section:
      out += "BODY";
      encode_section(item.section, out);
      break;
    case FetchKind::binary:
      out += "BINARY";
      encode_section(item.section, out);
      break;
    case FetchKind::binary_size:
      out += "BINARY.SIZE";
      encode_section(item.section, out);
      return;
    case FetchKind::rfc822:
      out += "RFC822";
      return;
    case FetchKind::rfc822_header:
      out += "RFC822.HEADER";
      return;
    case FetchKind::rfc822_text:
      out += "RFC822.TEXT";
      return;
    default:
      return;
  }
  if (item.partial) {
    out += '<';
    encode_number(item.partial->offset, out);
    out += '>';
  }
}

FetchWriter::FetchWriter(std::uint32_t number, std::string& out) : out_(out) {
  out_ += "* ";
  encode_number(number, out_);
  out_ += " FETCH (";
}

void FetchWriter::name(std::string_view text) {
  out_ += first_ ? "" : " ";
  first_ = false;
  out_ += text;
  out_ += ' ';
}

void FetchWriter::name_of(const FetchItem& item) {
  out_ += first_ ? "" : " ";
  first_ = false;
  encode_item_name(item, out_);
  out_ += ' ';
}

void FetchWriter::uid(std::uint32_t uid) {
  name("UID");
  encode_number(uid, out_);
}

void FetchWriter::flags(const Flags& flags) {
  name("FLAGS");
  out_ += '(';
  encode_flags(flags, out_);
  out_ += ')';
}

void FetchWriter::internal_date(DateTime date) {
  name("INTERNALDATE");
  out_ += '"' + encode_date_time(date) + '"';
}

void FetchWriter::save_date(std::optional<WallTime> time) {
  name("SAVEDATE");
  out_ += time ? '"' + encode_date_time({*time}) + '"' : "NIL";
}

void FetchWriter::size(std::uint64_t octets) {
  name("RFC822.SIZE");
  encode_number(octets, out_);
}

void FetchWriter::modseq(std::uint64_t modseq) {
  name("MODSEQ");
  out_ += '(';
  encode_number(modseq, out_);
  out_ += ')';
}

void FetchWriter::email_id(std::string_view id) {
  name("EMAILID");
  out_.append("(").append(id).append(")");
}

void FetchWriter::thread_id(std::optional<std::string_view> id) {
  name("THREADID");
  if (id) {
    out_.append("(").append(*id).append(")");
  } else {
    out_ += "NIL";
  }
}

void FetchWriter::preview(std::optional<std::string_view> text) {
  name("PREVIEW");
  encode_nstring(text, out_);
}

void FetchWriter::envelope(std::string_view encoded) {
  name("ENVELOPE");
  out_ += encoded;
}

void FetchWriter::body(std::string_view encoded) {
  name("BODY");
  out_ += encoded;
}

void FetchWriter::body_structure(std::string_view encoded) {
  name("BODYSTRUCTURE");
  out_ += encoded;
}

void FetchWriter::binary_size(const FetchItem& item, std::uint64_t octets) {
  name_of(item);
  encode_number(octets, out_);
}

void FetchWriter::no_octets(const FetchItem& item) {
  name_of(item);
  out_ += "NIL";
}

void FetchWriter::octets(const FetchItem& item, std::string_view octets) {
  begin_octets(item, octets.size(), item.kind == FetchKind::binary && octets.contains('\0'));
  out_ += octets;
}

void FetchWriter::begin_octets(const FetchItem& item, std::uint64_t octets, bool is_8) {
  name_of(item);
  out_ += is_8 ? "~{" : "{";
  encode_number(octets, out_);
  out_ += "}\r\n";
}

void FetchWriter::end() {
  out_ += ")\r\n";
}

}  // namespace postrider::imap
