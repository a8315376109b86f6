#include <algorithm>
#include <optional>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/body_structure.hpp>
#include <postrider/codec/imap/envelope.hpp>
#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

void append_text(std::string_view text, std::string& out) {
  std::string clean(text);
  std::ranges::replace(clean, '\0', ' ');
  encode_string(clean, out);
}

void append_or_nil(std::string_view text, std::string& out) {
  if (text.empty()) {
    out += "NIL";
  } else {
    append_text(text, out);
  }
}

void append_parameters(const Parameters& parameters, std::string& out) {
  if (parameters.empty()) {
    out += "NIL";
    return;
  }
  out += '(';
  bool first = true;
  for (const auto& [name, value] : parameters) {
    out += first ? "" : " ";
    first = false;
    append_text(name, out);
    out += ' ';
    append_text(value, out);
  }
  out += ')';
}

void append_disposition(const std::optional<mime::ContentDisposition>& disposition,
                        std::string& out) {
  if (!disposition) {
    out += "NIL";
    return;
  }
  out += '(';
  append_text(disposition->type, out);
  out += ' ';
  append_parameters(disposition->parameters, out);
  out += ')';
}

// RFC 3282: tags between commas.
void append_languages(std::string_view field, std::string& out) {
  std::string list;
  std::size_t count = 0;
  for (const std::string_view tag : split(field, ',')) {
    if (const std::string_view name = trim_wsp(tag); !name.empty()) {
      list += list.empty() ? "" : " ";
      append_text(name, list);
      ++count;
    }
  }
  if (count == 0) {
    out += "NIL";
  } else if (count == 1) {
    out += list;
  } else {
    out.append("(").append(list).append(")");
  }
}

class BodyWriter {
 public:
  BodyWriter(const mime::Structure& structure, BodyForm form, std::string& out)
      : structure_(structure), extended_(form == BodyForm::body_structure), out_(out) {}

  // Deep as the structure: StructureLimits::depth.
  void entity(std::uint32_t index) {
    const mime::Entity& entity = structure_.entities[index];
    out_ += '(';
    if (entity.kind == mime::EntityKind::multipart && !entity.children.empty()) {
      multipart(entity);
    } else {
      leaf(entity);
    }
    out_ += ')';
  }

 private:
  void multipart(const mime::Entity& entity) {
    for (const std::uint32_t child : entity.children) {
      this->entity(child);
    }
    out_ += ' ';
    append_text(entity.content_type.subtype, out_);
    if (extended_) {
      out_ += ' ';
      append_parameters(entity.content_type.parameters, out_);
      common_extension(entity);
    }
  }

  void leaf(const mime::Entity& entity) {
    const mime::ContentType& type = entity.content_type;
    const bool message = entity.kind == mime::EntityKind::message && !entity.children.empty();
    // A client expects of these two more than there is.
    const bool childless_message =
        !message && (type.is("message", "rfc822") || type.is("message", "global"));
    const bool childless_multipart = type.type == "multipart";
    const bool text = type.type == "text" || childless_multipart;
    append_text(childless_multipart ? "text" : childless_message ? "application" : type.type, out_);
    out_ += ' ';
    append_text(childless_multipart ? "plain"
                : childless_message ? "octet-stream"
                                    : type.subtype,
                out_);
    out_ += ' ';
    append_parameters(type.parameters, out_);
    out_ += ' ';
    append_or_nil(entity.id, out_);
    out_ += ' ';
    append_or_nil(entity.description, out_);
    out_ += ' ';
    append_text(entity.encoding.empty() ? "7bit" : entity.encoding, out_);
    out_ += ' ';
    encode_number(entity.body_octets(), out_);
    if (message) {
      const std::uint32_t inner = entity.children.front();
      out_ += ' ';
      encode_envelope(structure_.entities[inner].header, out_);
      out_ += ' ';
      this->entity(inner);
    }
    if (message || text) {
      out_ += ' ';
      encode_number(entity.body_lines, out_);
    }
    if (extended_) {
      out_ += ' ';
      append_or_nil(entity.md5, out_);
      common_extension(entity);
    }
  }

  void common_extension(const mime::Entity& entity) {
    out_ += ' ';
    append_disposition(entity.disposition, out_);
    out_ += ' ';
    append_languages(entity.language, out_);
    out_ += ' ';
    append_or_nil(entity.location, out_);
  }

  const mime::Structure& structure_;
  bool extended_;
  std::string& out_;
};

}  // namespace

void encode_body(const mime::Structure& structure, BodyForm form, std::string& out) {
  if (structure.entities.empty()) {
    out += "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";
    return;
  }
  BodyWriter(structure, form, out).entity(0);
}

}  // namespace postrider::imap
