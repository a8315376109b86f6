#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>
#include <zip.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/gzip.hpp>
#include <postrider/codec/report/received_report.hpp>

namespace postrider::report {
namespace {

using Error = ReceivedReportError;

constexpr std::string_view xml =
    "<?xml version=\"1.0\"?>\n<feedback><version>1.0</version></feedback>";

template <class T>
std::optional<Error> error_of(const Result<T, Error>& result) {
  return result ? std::nullopt : std::optional(result.error());
}

std::string in_base64(std::string_view type, std::string_view octets) {
  std::string out =
      "Content-Type: " + std::string(type) + "\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string text = encode_base64(octets);
  for (std::size_t at = 0; at < text.size(); at += 76) {
    out += text.substr(at, 76) + "\r\n";
  }
  return out;
}

std::string mixed(const std::vector<std::string>& parts, const std::string& boundary = "b") {
  std::string out = "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n";
  for (const std::string& part : parts) {
    out += "--" + boundary + "\r\n" + part + "\r\n";
  }
  return out + "--" + boundary + "--\r\n";
}

struct ZipEntry {
  std::string name;
  std::string content;
};

std::string zipped(const std::vector<ZipEntry>& entries) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* out = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(out);
  zip_t* archive = zip_open_from_source(out, ZIP_TRUNCATE, &error);
  for (const ZipEntry& entry : entries) {
    zip_source_t* in = zip_source_buffer(archive, entry.content.data(), entry.content.size(), 0);
    EXPECT_GE(zip_file_add(archive, entry.name.c_str(), in, 0), 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  EXPECT_EQ(zip_source_open(out), 0);
  std::string octets;
  std::array<char, 4096> piece{};
  for (zip_int64_t got = 1; (got = zip_source_read(out, piece.data(), piece.size())) > 0;) {
    octets.append(piece.data(), static_cast<std::size_t>(got));
  }
  (void)zip_source_close(out);
  zip_source_free(out);
  zip_error_fini(&error);
  return octets;
}

TEST(ReceivedReport, IsFoundHoweverItIsPacked) {
  const std::string words = "Content-Type: text/plain\r\n\r\nA report for you { see below }.";
  const std::string zip = zipped({{"google.com!example.org!1!2.xml", std::string(xml)}});
  const struct {
    const char* what;
    std::string message;
  } rows[] = {
      {"gzip part", mixed({words, in_base64("application/gzip", gzip(xml))})},
      {"gzip alone", in_base64("application/gzip; name=\"x.xml.gz\"", gzip(xml))},
      {"gzip of another type", mixed({words, in_base64("application/octet-stream", gzip(xml))})},
      {"zip part", mixed({words, in_base64("application/zip", zip)})},
      {"zip alone", in_base64("application/x-zip-compressed", zip)},
      {"xml part", mixed({words, "Content-Type: text/xml\r\n\r\n" + std::string(xml)})},
      {"xml alone", "Content-Type: application/xml\r\n\r\n" + std::string(xml)},
      {"xml as text", "Content-Type: text/plain\r\n\r\n" + std::string(xml)},
      {"part of a part", mixed({words, mixed({in_base64("application/gzip", gzip(xml))}, "c")})},
      {"named entry",
       in_base64("application/zip", zipped({{"README", "words"}, {"r.XML", std::string(xml)}}))},
      {"byte order mark", in_base64("text/xml", "\xEF\xBB\xBF\r\n" + std::string(xml))},
  };
  for (const auto& row : rows) {
    const auto found = extract_report("Subject: Report\r\n" + row.message);
    ASSERT_TRUE(found) << row.what << ": " << describe(found.error());
    EXPECT_EQ(found->format, ReportFormat::xml) << row.what;
    EXPECT_NE(found->content.find("<feedback>"), std::string::npos) << row.what;
  }
  const auto tls = extract_report(in_base64("application/tlsrpt+gzip", gzip("{\"a\":1}")));
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->format, ReportFormat::json);
}

TEST(ReceivedReport, MailThatIsNoneIsNone) {
  for (const std::string& message :
       {std::string("Subject: hello\r\n\r\nI have a question about { this }.\r\n"),
        std::string("Content-Type: text/html\r\n\r\n<html>hello</html>"), std::string(""),
        mixed({"Content-Type: text/plain\r\n\r\nwords"}),
        in_base64("application/gzip", gzip("no report at all")),
        in_base64("application/zip", zipped({{"a", "1"}, {"b", "2"}})),
        std::string("Content-Type: multipart/mixed\r\n\r\nno boundary")}) {
    EXPECT_EQ(error_of(extract_report(message)), Error::none) << message;
  }
}

TEST(ReceivedReport, DamageIsSaid) {
  std::string packed = gzip(std::string(5000, 'x') + std::string(xml));
  packed.resize(packed.size() / 2);
  EXPECT_EQ(error_of(extract_report(in_base64("application/gzip", packed))), Error::damaged);
  std::string zip = zipped({{"a.xml", std::string(xml)}});
  zip.resize(zip.size() - 10);
  EXPECT_EQ(error_of(extract_report(in_base64("application/zip", zip))), Error::damaged);
  EXPECT_EQ(error_of(gunzip_report("")), Error::damaged);
  EXPECT_EQ(error_of(gunzip_report("\x1f\x8b")), Error::damaged);
}

TEST(ReceivedReport, BombsAreNotUnpacked) {
  const std::string zeros(64UL << 20, '\0');
  const std::string bomb = gzip(zeros);
  EXPECT_EQ(error_of(extract_report(in_base64("application/gzip", bomb))), Error::hostile);
  EXPECT_EQ(error_of(extract_report(in_base64("application/zip", zipped({{"a.xml", zeros}})))),
            Error::hostile);
  // An archive in an archive.
  EXPECT_EQ(error_of(extract_report(in_base64("application/gzip", gzip(gzip(xml))))),
            Error::hostile);
  EXPECT_EQ(error_of(extract_report(in_base64("application/zip", zipped({{"a.xml", gzip(xml)}})))),
            Error::hostile);
  // Many members, each of them small.
  std::string members;
  const std::string member = gzip(std::string(200'000, 'x'));
  for (int i = 0; i < 100; ++i) {
    members += member;
  }
  EXPECT_EQ(error_of(gunzip_report(members)), Error::hostile);
  std::vector<ZipEntry> many;
  for (int i = 0; i < 17; ++i) {
    many.push_back({std::to_string(i) + ".xml", std::string(xml)});
  }
  EXPECT_EQ(error_of(extract_report(in_base64("application/zip", zipped(many)))), Error::hostile);
  EXPECT_EQ(error_of(extract_report(std::string(received_report_limits::mail_octets + 1, 'x'))),
            Error::hostile);
}

TEST(ReceivedReport, PartsInPartsEnd) {
  std::string nested = in_base64("application/gzip", gzip(xml));
  for (int depth = 0; depth < 6; ++depth) {
    nested = mixed({nested}, "b" + std::to_string(depth));
  }
  EXPECT_EQ(error_of(extract_report(nested)), Error::hostile);
  std::vector<std::string> parts(100, "Content-Type: text/plain\r\n\r\nwords");
  parts.push_back(in_base64("application/gzip", gzip(xml)));
  EXPECT_EQ(error_of(extract_report(mixed(parts))), Error::hostile);
}

// What is dense may be large: a report of a big domain.
TEST(ReceivedReport, ALargeReportIsNoBomb) {
  std::string large = "<feedback>";
  for (int i = 0; large.size() < (4UL << 20); ++i) {
    large += "<record><row><source_ip>192.0.2." + std::to_string(i * 7919 % 256) +
             "</source_ip><count>" + std::to_string(static_cast<unsigned>(i) * 104'729U % 65'537U) +
             "</count></row></record>\n";
  }
  large += "</feedback>";
  const auto found = extract_report(in_base64("application/gzip", gzip(large)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->content, large);
}

TEST(ReceivedReport, SeveralMembersAreOneText) {
  EXPECT_EQ(gunzip_report(gzip("one") + gzip("two")), "onetwo");
  EXPECT_EQ(gunzip_report(gzip("one") + std::string(512, '\0')),
            "one");  // a careless program's padding
  EXPECT_EQ(error_of(gunzip_report(gzip("four"), 3)), Error::hostile);
}

}  // namespace
}  // namespace postrider::report
