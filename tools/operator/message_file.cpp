#include "message_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/core.h>
#include <memory>

#include <postrider/codec/mime/line_breaks.hpp>

namespace postrider::tools {

namespace {

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) {
      (void)std::fclose(file);  // it was only read
    }
  }
};

}  // namespace

std::optional<std::string> read_message(const std::filesystem::path& file,
                                        const Terminal& terminal) {
  const std::unique_ptr<std::FILE, Close> in(file == "-" ? stdin : std::fopen(file.c_str(), "rbe"));
  const auto refuse = [&](std::string_view why) {
    terminal.complain(fmt::format("{}: {}", file.string(), why));
    return std::nullopt;
  };
  if (!in) {
    return refuse(fmt::format("{}: name a file that holds one message", std::strerror(errno)));
  }
  mime::LineBreakNormalizer normalizer;
  std::string message;
  std::array<char, 64 * 1024> chunk;
  std::size_t got = 0;
  while ((got = std::fread(chunk.data(), 1, chunk.size(), in.get())) > 0) {
    normalizer.update({chunk.data(), got}, message);
    if (message.size() > max_message_octets) {
      return refuse(fmt::format("larger than {} octets: no message is", max_message_octets));
    }
  }
  if (std::ferror(in.get()) != 0) {
    return refuse(fmt::format("{}: can't be read to its end", std::strerror(errno)));
  }
  normalizer.finish(message);
  if (message.starts_with("From ")) {
    message.erase(0, std::min(message.size(), message.find('\n') + 1));
  }
  return message;
}

}  // namespace postrider::tools
