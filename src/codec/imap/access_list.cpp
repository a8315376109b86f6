#include <algorithm>
#include <iterator>

#include <postrider/codec/imap/access_list.hpp>

namespace postrider::imap {
namespace {

constexpr std::string_view letters = "lrswipkxtea";

constexpr Right right_at(std::size_t place) {
  return static_cast<Right>(1U << place);
}

// One that can stand in a line of its own.
bool is_identifier(std::string_view text) {
  return !text.empty() && text != "-" && text.size() <= identifier_octets_max &&
         std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

}  // namespace

std::optional<Rights> parse_rights(std::string_view text) {
  Rights rights;
  for (const char letter : text) {
    if (letter == 'c') {
      rights = rights.with({Right::create, Right::remove});
    } else if (letter == 'd') {
      rights = rights.with({Right::delete_messages, Right::expunge});
    } else if (const std::size_t place = letters.find(letter); place != letters.npos) {
      rights = rights.with({right_at(place)});
    } else {
      return std::nullopt;
    }
  }
  return rights;
}

std::string encode_rights(Rights rights) {
  std::string out;
  for (std::size_t place = 0; place < letters.size(); ++place) {
    if (rights.has(right_at(place))) {
      out += letters[place];
    }
  }
  return out;
}

std::string encode_told_rights(Rights rights) {
  std::string out = encode_rights(rights);
  out += rights.has_any({Right::create, Right::remove}) ? "c" : "";
  out += rights.has_any({Right::delete_messages, Right::expunge}) ? "d" : "";
  return out;
}

std::optional<AccessList> AccessList::parse(std::string_view text) {
  AccessList list;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t blank = line.find(' ');
    if (end == text.npos || blank == line.npos || list.entries_.size() == access_entries_max) {
      return std::nullopt;
    }
    const auto rights = parse_rights(line.substr(0, blank));
    const std::string_view identifier = line.substr(blank + 1);
    if (!rights || !is_identifier(identifier) || list.find(identifier) != nullptr) {
      return std::nullopt;
    }
    list.entries_.emplace_back(identifier, *rights);
    text.remove_prefix(end + 1);
  }
  return list;
}

std::string AccessList::encode() const {
  std::string out;
  for (const auto& [identifier, rights] : entries_) {
    out.append(encode_rights(rights)).append(" ").append(identifier).append("\n");
  }
  return out;
}

const AccessList::Entry* AccessList::find(std::string_view identifier) const {
  const auto found = std::ranges::find(entries_, identifier, &Entry::first);
  return found == entries_.end() ? nullptr : &*found;
}

Rights AccessList::entry_of(std::string_view identifier, std::string_view owner) const {
  const Entry* entry = find(identifier);
  if (identifier == owner) {
    return (entry == nullptr ? Rights::all() : entry->second).with(kept_by_owner());
  }
  return entry == nullptr ? Rights() : entry->second;
}

Rights AccessList::rights_of(std::string_view user, std::string_view owner) const {
  if (entries_.empty()) {
    return user == owner ? Rights::all() : Rights();
  }
  const auto denied = [this](std::string_view identifier) {
    const Entry* entry = find("-" + std::string(identifier));
    return entry == nullptr ? Rights() : entry->second;
  };
  const Rights granted = entry_of(user, owner).with(entry_of(anyone, owner));
  const Rights left = granted.without(denied(user)).without(denied(anyone));
  return user == owner ? left.with(kept_by_owner()) : left;
}

bool AccessList::set(std::string_view identifier, Rights rights, std::string_view owner) {
  const bool says_nothing = identifier == owner ? rights == Rights::all() : rights.is_empty();
  const auto found = std::ranges::find(entries_, identifier, &Entry::first);
  if (says_nothing) {
    if (found != entries_.end()) {
      entries_.erase(found);
    }
    return true;
  }
  if (found != entries_.end()) {
    found->second = rights;
    return true;
  }
  if (entries_.size() == access_entries_max || !is_identifier(identifier)) {
    return false;
  }
  entries_.emplace_back(identifier, rights);
  return true;
}

std::vector<AccessList::Entry> AccessList::told(std::string_view owner) const {
  std::vector<Entry> out{{std::string(owner), entry_of(owner, owner)}};
  std::ranges::copy_if(entries_, std::back_inserter(out),
                       [owner](const Entry& entry) { return entry.first != owner; });
  return out;
}

}  // namespace postrider::imap
