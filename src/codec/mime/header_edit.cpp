#include <algorithm>
#include <ranges>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header_edit.hpp>

namespace postrider::mime {

namespace {

std::string completed(std::string field) {
  if (!field.ends_with("\r\n")) {
    field += "\r\n";
  }
  return field;
}

}  // namespace

HeaderEdit::HeaderEdit(const HeaderSection& section)
    : section_(section), fates_(section.fields().size()) {}

HeaderEdit& HeaderEdit::insert_at_top(std::string field) {
  top_.push_back(completed(std::move(field)));
  return *this;
}

HeaderEdit& HeaderEdit::append(std::string field) {
  bottom_.push_back(completed(std::move(field)));
  return *this;
}

std::size_t HeaderEdit::remove(std::string_view name) {
  std::size_t removed = 0;
  for (std::size_t i = 0; i < fates_.size(); ++i) {
    if (fates_[i] != Fate::removed && equals_ignoring_case(section_.fields()[i].name, name)) {
      fates_[i] = Fate::removed;
      ++removed;
    }
  }
  return removed;
}

HeaderEdit& HeaderEdit::remove(const HeaderField& field) {
  const auto it = std::ranges::find(section_.fields(), field.offset, &HeaderField::offset);
  check(it != section_.fields().end(), "the field is of this section");
  fates_[static_cast<std::size_t>(it - section_.fields().begin())] = Fate::removed;
  return *this;
}

HeaderEdit& HeaderEdit::replace(std::string_view name, std::string field) {
  const auto fields = section_.fields();
  const auto first = std::ranges::find_if(
      fields, [&](const HeaderField& old) { return equals_ignoring_case(old.name, name); });
  if (first == fields.end()) {
    return append(std::move(field));
  }
  remove(name);
  const auto index = static_cast<std::size_t>(first - fields.begin());
  fates_[index] = Fate::replaced;
  replacements_[index] = completed(std::move(field));
  return *this;
}

bool HeaderEdit::is_changed() const {
  return !top_.empty() || !bottom_.empty() ||
         std::ranges::any_of(fates_, [](Fate fate) { return fate != Fate::kept; });
}

std::string HeaderEdit::encode() const {
  std::string out;
  out.reserve(section_.header_octets() + 1024);
  for (const std::string& field : top_ | std::views::reverse) {
    out += field;
  }
  for (std::size_t i = 0; i < fates_.size(); ++i) {
    if (fates_[i] == Fate::kept) {
      out += section_.fields()[i].raw;
      // Only the last field of a message without a body can lack it.
      if (!out.ends_with("\r\n")) {
        out += "\r\n";
      }
    } else if (fates_[i] == Fate::replaced) {
      out += replacements_.at(i);
    }
  }
  for (const std::string& field : bottom_) {
    out += field;
  }
  out += "\r\n";
  return out;
}

}  // namespace postrider::mime
