#include "tls_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>

namespace postrider::net {

Result<std::string, TlsError> read_tls_file(const std::string& path) {
  constexpr std::size_t limit = 16U << 20;
  const auto unreadable = [&](std::string_view why) {
    return failure(TlsError{TlsErrorKind::unreadable_file, fmt::format("{}: {}", path, why)});
  };
  const auto close = [](FILE* file) {
    (void)std::fclose(file);
  };  // only read from: nothing to lose
  const std::unique_ptr<FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  if (!file) {
    return unreadable(std::strerror(errno));
  }
  std::string text;
  std::array<char, 16384> piece;
  while (const auto size = std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), size);
    if (text.size() > limit) {
      return unreadable("larger than 16 MiB");
    }
  }
  if (std::ferror(file.get()) != 0) {
    return unreadable(std::strerror(errno));
  }
  return text;
}

}  // namespace postrider::net
