#include <postrider/base/base64.hpp>
#include <postrider/base/pem.hpp>

namespace postrider {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view mark_end = "-----";
constexpr std::size_t line_columns = 64;

}  // namespace

std::vector<PemBlock> parse_pem(std::string_view text) {
  std::vector<PemBlock> blocks;
  while (true) {
    const auto begin = text.find(begin_mark);
    if (begin == std::string_view::npos) {
      return blocks;
    }
    text.remove_prefix(begin + begin_mark.size());
    const auto label_end = text.find(mark_end);
    const auto line_end = text.find('\n');
    if (label_end == std::string_view::npos || line_end == std::string_view::npos ||
        label_end > line_end) {
      continue;
    }
    PemBlock block{.label = std::string(text.substr(0, label_end))};
    const auto end_mark = "-----END " + block.label + "-----";
    const auto end = text.find(end_mark, line_end);
    if (end == std::string_view::npos || text.substr(line_end, end - line_end).contains("-----")) {
      continue;
    }
    const auto body = text.substr(line_end + 1, end - line_end - 1);
    text.remove_prefix(end + end_mark.size());
    if (body.contains("Proc-Type:") && body.contains("ENCRYPTED")) {
      block.is_encrypted = true;
      blocks.push_back(std::move(block));
      continue;
    }
    if (auto der = decode_base64_folded(body); der && !der->empty()) {
      block.der = std::move(*der);
      blocks.push_back(std::move(block));
    }
  }
}

std::string encode_pem(std::string_view label, std::string_view der) {
  const auto base64 = encode_base64(der);
  std::string out = std::string(begin_mark).append(label).append("-----\n");
  for (std::size_t at = 0; at < base64.size(); at += line_columns) {
    out.append(base64, at, line_columns).append("\n");
  }
  return out.append("-----END ").append(label).append("-----\n");
}

}  // namespace postrider
