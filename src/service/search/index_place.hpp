#pragma once

#include <charconv>
#include <filesystem>
#include <fmt/core.h>
#include <optional>
#include <string>

#include <postrider/store/mailbox_records.hpp>

namespace postrider::search {

// The directory of an account's index is the account's number: names change, and are not safe.
inline std::string index_place(const std::filesystem::path& directory,
                               store::MailAccountId account) {
  return (directory / fmt::format("{:016x}", static_cast<std::uint64_t>(account))).string();
}

// Whose index a directory is; nullopt: it is none.
inline std::optional<store::MailAccountId> account_of(const std::filesystem::path& place) {
  constexpr int hex = 16;
  const std::string name = place.filename().string();
  std::uint64_t number = 0;
  const auto end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, number, hex);
  const bool is_number = name.size() == 16 && read.ec == std::errc() && read.ptr == end;
  return is_number && number != 0 ? std::optional(store::MailAccountId{number}) : std::nullopt;
}

}  // namespace postrider::search
