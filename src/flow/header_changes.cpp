#include "header_changes.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::flow {
namespace {

struct Field {
  std::string name;
  std::string raw;  // with its CRLF
};

// RFC 5322 2.2.
bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= 256 &&
         std::ranges::all_of(name, [](unsigned char c) { return c > 32 && c < 127 && c != ':'; });
}

// Filters end lines by LF or CRLF; what follows a line's end must be a blank to belong to the
// field, and lines of blanks only would end the section for some readers (RFC 5322 3.2.2).
std::string as_value(std::string_view text) {
  std::string out;
  bool is_first = true;
  while (!text.empty() || is_first) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    std::erase(line, '\0');
    if (is_first) {
      out = std::move(line);
    } else if (!trim_wsp(line).empty()) {
      const bool is_folded = line.front() == ' ' || line.front() == '\t';
      out += (is_folded ? "\r\n" : "\r\n\t") + line;
    }
    is_first = false;
  }
  return out;
}

Field make_field(const HeaderChange& change) {
  return {change.name, change.name + ":" + as_value(change.value) + "\r\n"};
}

class Section {
 public:
  explicit Section(std::string_view header) {
    mime::HeaderLimits limits;  // it has been within the settings' when it came
    limits.max_octets = header.size() + 1;
    limits.max_fields = header.size() + 1;
    limits.max_line_octets = header.size() + 1;
    const auto section = mime::scan_header(header, limits);
    if (!section) {
      return;
    }
    for (const mime::HeaderField& field : section->fields()) {
      fields_.push_back({std::string(field.name), std::string(field.raw)});
      if (!field.raw.ends_with("\r\n")) {
        fields_.back().raw += "\r\n";
      }
    }
  }

  void apply(const HeaderChange& change) {
    switch (change.kind) {
      case HeaderChange::Kind::append:
        fields_.push_back(make_field(change));
        break;
      case HeaderChange::Kind::insert: {
        const auto at =
            std::clamp<std::int64_t>(change.which, 0, static_cast<std::int64_t>(fields_.size()));
        fields_.insert(fields_.begin() + at, make_field(change));
        break;
      }
      case HeaderChange::Kind::replace: {
        const auto places = places_of(change.name);
        const auto nth = static_cast<std::size_t>(std::max<std::int64_t>(change.which, 1));
        if (nth <= places.size()) {
          fields_[places[nth - 1]] = make_field(change);
        } else {
          fields_.push_back(make_field(change));
        }
        break;
      }
      case HeaderChange::Kind::remove:
        remove(change);
        break;
    }
  }

  [[nodiscard]] std::string encode() const {
    std::string out;
    for (const Field& field : fields_) {
      out += field.raw;
    }
    return out + "\r\n";
  }

 private:
  [[nodiscard]] std::vector<std::size_t> places_of(std::string_view name) const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (equals_ignoring_case(fields_[i].name, name)) {
        out.push_back(i);
      }
    }
    return out;
  }

  void remove(const HeaderChange& change) {
    const auto places = places_of(change.name);
    const auto count = static_cast<std::int64_t>(places.size());
    const std::int64_t nth = change.which < 0 ? count + 1 + change.which : change.which;
    if (change.which == 0) {
      std::erase_if(fields_, [&change](const Field& field) {
        return equals_ignoring_case(field.name, change.name);
      });
    } else if (nth >= 1 && nth <= count) {
      const auto at = static_cast<std::ptrdiff_t>(places[static_cast<std::size_t>(nth - 1)]);
      fields_.erase(fields_.begin() + at);
    }
  }

  std::vector<Field> fields_;
};

}  // namespace

Result<std::string, std::string> apply_changes(std::string_view header,
                                               const std::vector<HeaderChange>& changes) {
  Section section(header);
  for (const HeaderChange& change : changes) {
    if (!is_field_name(change.name)) {
      return failure("it names a field " + quoted_for_log(change.name, 80));
    }
    section.apply(change);
  }
  return section.encode();
}

}  // namespace postrider::flow
