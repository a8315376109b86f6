#include <algorithm>
#include <array>
#include <cerrno>
#include <iconv.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/charset.hpp>

namespace postrider::imap {
namespace {

// What mail calls it, what iconv does. Shift_JIS, GB2312, ISO-8859-1 and their like are read as
// the supersets that programs mean by them. UTF-8 and US-ASCII need no conversion.
constexpr std::array<std::pair<std::string_view, const char*>, 62> charsets = {{
    {"utf-8", ""},
    {"utf8", ""},
    {"us-ascii", ""},
    {"ascii", ""},
    {"ansi_x3.4-1968", ""},
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"windows-1252", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "WINDOWS-1254"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "CP874"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"cp1251", "WINDOWS-1251"},
    {"windows-874", "CP874"},
    {"tis-620", "CP874"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"ibm850", "CP850"},
    {"cp850", "CP850"},
    {"ibm866", "CP866"},
    {"cp866", "CP866"},
    {"macintosh", "MACINTOSH"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"cp936", "GB18030"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5-HKSCS"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"utf-7", "UTF-7"},
}};

const char* converter_for(std::string_view name) {
  const auto row = std::ranges::find_if(charsets, [name](const auto& candidate) {
    return equals_ignoring_case(candidate.first, name);
  });
  return row == charsets.end() ? nullptr : row->second;
}

std::string repaired(std::string_view text) {
  if (is_utf8(text)) {
    return std::string(text);
  }
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = decode_utf8(text.substr(at));
    append_utf8(out, step.code_point.value_or(0xFFFD));
    at += step.octets;
  }
  return out;
}

class Converter {
 public:
  explicit Converter(const char* charset) : handle_(iconv_open("UTF-8", charset)) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (is_open()) {
      iconv_close(handle_);
    }
  }
  // iconv's own mark of failure.
  [[nodiscard]] bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  std::string convert(std::string_view octets) {
    std::string out;
    std::string input(octets);  // iconv's interface wants it writable
    char* from = input.data();
    std::size_t left = input.size();
    char buffer[4096];
    while (left > 0) {
      char* to = buffer;
      std::size_t room = sizeof buffer;
      const std::size_t outcome = iconv(handle_, &from, &left, &to, &room);
      out.append(buffer, to);
      if (outcome == static_cast<std::size_t>(-1) && errno != E2BIG) {
        append_utf8(out, 0xFFFD);
        if (errno == EINVAL) {
          break;  // cut in the middle of a character
        }
        ++from;
        --left;
      }
    }
    return out;
  }

 private:
  iconv_t handle_;
};

}  // namespace

bool is_known_charset(std::string_view name) {
  return converter_for(name) != nullptr;
}

std::optional<std::string> to_utf8(std::string_view charset, std::string_view octets) {
  const char* name = converter_for(charset);
  if (name == nullptr) {
    return std::nullopt;
  }
  if (*name == '\0') {
    return repaired(octets);
  }
  Converter converter(name);
  return converter.is_open() ? std::optional(converter.convert(octets)) : std::nullopt;
}

}  // namespace postrider::imap
