#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include <postrider/codec/mime/structure.hpp>
#include <postrider/codec/mime/structure_record.hpp>

namespace postrider::mime {
namespace {

// "multipart/mixed(text/plain[5,1] message/rfc822(text/html[3,0]))": type, octets and lines.
std::string outline(const Structure& structure, std::uint32_t at = 0) {
  const Entity& entity = structure.entities[at];
  std::string out = entity.content_type.type + '/' + entity.content_type.subtype;
  if (entity.kind == EntityKind::leaf) {
    return out + '[' + std::to_string(entity.body_octets()) + ',' +
           std::to_string(entity.body_lines) + ']';
  }
  out += '(';
  for (const std::uint32_t child : entity.children) {
    out += (out.ends_with('(') ? "" : " ") + outline(structure, child);
  }
  return out + ')';
}

std::string body_of(std::string_view message, const Structure& structure, std::uint32_t at) {
  const Entity& entity = structure.entities[at];
  return std::string(message.substr(entity.body_begin, entity.body_octets()));
}

struct Row {
  const char* what;
  std::string message;
  std::string expected;
};

std::vector<Row> rows() {
  const std::string mixed = "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n";
  return {
      {"nothing", "", "text/plain[0,0]"},
      {"a header alone", "Subject: x\r\n", "text/plain[0,0]"},
      {"a header without its line break", "Subject: x", "text/plain[0,0]"},
      {"a body alone", "\r\nabc\r\n", "text/plain[5,1]"},
      {"no blank line", "Subject: x\r\nnot a field\r\nmore\r\n", "text/plain[19,2]"},
      {"no last line break", "A: b\r\n\r\none\r\ntwo", "text/plain[8,1]"},
      {"a bare LF", "A: b\n\none\ntwo\n", "text/plain[8,2]"},
      {"a malformed type", "Content-Type: text\r\n\r\nx", "text/plain[1,0]"},
      {"two parts",
       mixed + "pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: "
               "text/html\r\n\r\ntwo\r\n\r\n--b--\r\npost\r\n",
       "multipart/mixed(text/plain[3,0] text/html[5,1])"},
      {"parts without header or body", mixed + "--b\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b--\r\n",
       "multipart/mixed(text/plain[0,0] text/plain[0,0] text/plain[0,0])"},
      {"no close delimiter", mixed + "--b\r\n\r\none\r\ntwo", "multipart/mixed(text/plain[8,1])"},
      {"blanks behind delimiters", mixed + "--b \t\r\n\r\none\r\n--b-- \r\n--b\r\n\r\nno\r\n",
       "multipart/mixed(text/plain[3,0])"},
      {"no delimiter, as it goes on", mixed + "--b\r\n\r\n--bc\r\n--b-\r\n --b\r\n--b--",
       "multipart/mixed(text/plain[16,2])"},
      {"an empty multipart", mixed + "no part\r\n", "multipart/mixed()"},
      {"no boundary", "Content-Type: multipart/mixed\r\n\r\n--b\r\n", "multipart/mixed[5,1]"},
      {"a boundary too long",
       "Content-Type: multipart/mixed; boundary=" + std::string(71, 'x') + "\r\n\r\nabc",
       "multipart/mixed[3,0]"},
      {"the blank line is missing",
       "Content-Type: multipart/mixed; boundary=b\r\n--b\r\n\r\nx\r\n--b--\r\n",
       "multipart/mixed(text/plain[1,0])"},
      {"an inner part that the outer delimiter ends",
       mixed + "--b\r\nContent-Type: multipart/alternative; "
               "boundary=c\r\n\r\n--c\r\n\r\nin\r\n--b\r\n\r\nout\r\n--b--\r\n",
       "multipart/mixed(multipart/alternative(text/plain[2,0]) text/plain[3,0])"},
      {"a boundary that begins as the outer one does",
       mixed + "--b\r\nContent-Type: multipart/alternative; "
               "boundary=bb\r\n\r\n--bb\r\n\r\nin\r\n--bb--\r\n--b--\r\n",
       "multipart/mixed(multipart/alternative(text/plain[2,0]))"},
      {"a message in a message",
       "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: "
       "text/html\r\n\r\nhi\r\n",
       "message/rfc822(text/html[4,1])"},
      {"an encoded message is a leaf",
       "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: BASE64\r\n\r\nU3V\r\n",
       "message/rfc822[5,1]"},
      {"a message in a message that ends with its header",
       mixed + "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n--b--\r\n",
       "multipart/mixed(message/rfc822(text/plain[0,0]))"},
      {"a part that is a message and ends before it begins",
       mixed + "--b\r\nContent-Type: message/rfc822\r\n--b--\r\n",
       "multipart/mixed(message/rfc822(text/plain[0,0]))"},
      {"a digest",
       "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: "
       "a\r\n\r\nx\r\n--b--\r\n",
       "multipart/digest(message/rfc822(text/plain[1,0]))"},
      {"comments and case",
       "CONTENT-type: (c) Multipart/Mixed (d); BOUNDARY=(e) B\r\n\r\n--B\r\n\r\nx\r\n--B--",
       "multipart/mixed(text/plain[1,0])"},
  };
}

TEST(MimeStructure, IsFoundHoweverItIsMadeUp) {
  for (const Row& row : rows()) {
    EXPECT_EQ(outline(scan_structure(row.message)), row.expected) << row.what;
  }
}

TEST(MimeStructure, IsTheSameHoweverTheOctetsAreCut) {
  for (const Row& row : rows()) {
    const Structure whole = scan_structure(row.message);
    for (const std::size_t size : {1UL, 2UL, 3UL, 7UL}) {
      StructureScanner scanner;
      for (std::size_t at = 0; at < row.message.size(); at += size) {
        scanner.feed(std::string_view(row.message).substr(at, size));
      }
      EXPECT_EQ(scanner.finish(), whole) << row.what << ", by " << size;
    }
  }
}

TEST(MimeStructure, SaysWhereEverythingStands) {
  const std::string message =
      "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: Base64\r\n"
      "Content-ID: <1@x>\r\nContent-Description: =?utf-8?q?=C3=A4?=\r\n"
      "Content-Disposition: Attachment; filename=\"a.pdf\"\r\n\r\nQUJD\r\n--b\r\n"
      "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbody\r\n--b--\r\n";
  const Structure structure = scan_structure(message);
  ASSERT_EQ(structure.entities.size(), 4U);
  const Entity& pdf = structure.entities[1];
  EXPECT_EQ(body_of(message, structure, 1), "QUJD");
  EXPECT_EQ(message.substr(pdf.header_begin, 13), "Content-Type:");
  EXPECT_EQ(message.substr(pdf.body_begin - 4, 4), "\r\n\r\n");
  EXPECT_EQ(pdf.encoding, "base64");
  EXPECT_EQ(pdf.id, "<1@x>");
  EXPECT_EQ(pdf.description, "=?utf-8?q?=C3=A4?=");
  EXPECT_EQ(pdf.content_type.parameter("name"), "a.pdf");
  ASSERT_TRUE(pdf.disposition);
  EXPECT_EQ(pdf.disposition->type, "attachment");
  EXPECT_EQ(pdf.disposition->parameters.front().second, "a.pdf");
  EXPECT_TRUE(pdf.header.empty());
  EXPECT_EQ(structure.entities[0].header,
            "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n");
  EXPECT_EQ(body_of(message, structure, 2), "Subject: in\r\n\r\nbody");
  EXPECT_EQ(structure.entities[2].body_lines, 2U);
  EXPECT_EQ(structure.entities[3].header, "Subject: in\r\n");
  EXPECT_EQ(structure.entities[3].parent, 2U);
  EXPECT_EQ(body_of(message, structure, 3), "body");
  EXPECT_FALSE(structure.is_cut);
}

// What every structure obeys, whatever was scanned.
void expect_sound(const Structure& structure, std::size_t size, const StructureLimits& limits) {
  ASSERT_FALSE(structure.entities.empty());
  ASSERT_LE(structure.entities.size(), limits.entities);
  EXPECT_EQ(structure.entities.front().end, size);
  for (std::uint32_t i = 0; i < structure.entities.size(); ++i) {
    const Entity& entity = structure.entities[i];
    EXPECT_LE(entity.header_begin, entity.body_begin);
    EXPECT_LE(entity.body_begin, entity.end);
    EXPECT_FALSE(entity.content_type.type.empty());
    if (i > 0) {
      const Entity& parent = structure.entities[entity.parent];
      EXPECT_LT(entity.parent, i);
      EXPECT_GE(entity.header_begin, parent.body_begin);
      EXPECT_LE(entity.end, parent.end);
    }
    for (std::size_t child = 1; child < entity.children.size(); ++child) {
      EXPECT_LE(structure.entities[entity.children[child - 1]].end,
                structure.entities[entity.children[child]].header_begin);
    }
    EXPECT_TRUE(entity.kind != EntityKind::message || entity.children.size() == 1);
  }
}

TEST(MimeStructure, IsSoundForWhateverComes) {
  const std::vector<std::string> pieces = {"--a",
                                           "--b",
                                           "--a--",
                                           "--b--",
                                           "\r\n",
                                           "\r\n",
                                           "\n",
                                           "\r",
                                           "x",
                                           " ",
                                           ":",
                                           "Content-Type: multipart/mixed; boundary=a\r\n",
                                           "Content-Type: multipart/digest; boundary=b\r\n",
                                           "Content-Type: message/rfc822\r\n",
                                           "Subject: s\r\n",
                                           "\r\n\r\n"};
  const StructureLimits tight{
      .depth = 4, .entities = 12, .header_octets = 200, .kept_octets = 2000};
  for (std::uint32_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string message;
    for (std::uint32_t count = random() % 60; count > 0; --count) {
      message += pieces[random() % pieces.size()];
    }
    const Structure loose = scan_structure(message);
    expect_sound(loose, message.size(), {});
    EXPECT_EQ(decode_structure(encode_structure(loose)), loose);
    const Structure whole = scan_structure(message, tight);
    expect_sound(whole, message.size(), tight);
    StructureScanner scanner(tight);
    for (std::size_t at = 0; at < message.size();) {
      const std::size_t size = 1 + random() % 9;
      scanner.feed(std::string_view(message).substr(at, size));
      at += size;
    }
    EXPECT_EQ(scanner.finish(), whole);
    if (HasFailure()) {
      return;
    }
  }
}

// Its blank line is the line break that belongs to the delimiter (RFC 2046 5.1.1).
TEST(MimeStructure, AMessageWithoutABodyEndsWithItsPart) {
  const Structure found = scan_structure(
      "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
      "Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\n--x--\r\n");
  ASSERT_EQ(found.entities.size(), 3U);
  EXPECT_EQ(found.entities[2].end, found.entities[1].end);
  EXPECT_EQ(found.entities[2].body_octets(), 0U);
  EXPECT_EQ(found.entities[2].header, "Subject: s\r\n");
  EXPECT_EQ(decode_structure(encode_structure(found)), found);
}

TEST(MimeStructureRecord, IsReadBackAndNothingElseIs) {
  for (const Row& row : rows()) {
    const Structure structure = scan_structure(row.message);
    const std::string record = encode_structure(structure);
    EXPECT_EQ(decode_structure(record), structure) << row.what;
    for (std::size_t size = 0; size < record.size(); ++size) {
      EXPECT_FALSE(decode_structure(record.substr(0, size))) << row.what;
    }
    EXPECT_FALSE(decode_structure(record + "x"));
  }
  const Structure full = scan_structure(
      "Content-Type: a/b; x=y\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <1>\r\n"
      "Content-Location: here\r\nContent-Disposition: inline; filename=f\r\n\r\nbody");
  std::string record = encode_structure(full);
  EXPECT_EQ(decode_structure(record), full);
  record.front() = 2;
  EXPECT_FALSE(decode_structure(record)) << "of a newer version";
}

TEST(MimeStructureRecord, DoesNotTrustWhatItReads) {
  const std::string good = encode_structure(scan_structure(rows()[8].message));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int octet : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(octet);
      if (const auto structure = decode_structure(bad)) {
        for (std::uint32_t i = 1; i < structure->entities.size(); ++i) {
          const Entity& entity = structure->entities[i];
          EXPECT_LT(entity.parent, i);
          EXPECT_LE(entity.end, structure->entities[entity.parent].end);
        }
      }
    }
  }
}

TEST(MimeStructure, OfABombIsCutShort) {
  std::string parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 1'000'000; ++i) {
    parts += "--b\r\n\r\n";
  }
  const Structure wide = scan_structure(parts);
  EXPECT_TRUE(wide.is_cut);
  expect_sound(wide, parts.size(), {});

  std::string deep;
  for (int i = 0; i < 20'000; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    deep +=
        "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  const Structure nested = scan_structure(deep);
  EXPECT_TRUE(nested.is_cut);
  expect_sound(nested, deep.size(), {});

  std::string messages;
  for (int i = 0; i < 20'000; ++i) {
    messages += "Content-Type: message/rfc822\r\n\r\n";
  }
  const Structure cyclic = scan_structure(messages);
  EXPECT_TRUE(cyclic.is_cut);
  EXPECT_LE(cyclic.entities.size(), StructureLimits{}.depth);

  std::string header;
  while (header.size() < 20'000'000) {
    header += "X-Filler: " + std::string(900, 'x') + "\r\n";
  }
  const Structure fat = scan_structure(header + "\r\nbody");
  EXPECT_TRUE(fat.is_cut);
  EXPECT_EQ(fat.entities.front().body_octets(), 4U);
  EXPECT_LE(fat.entities.front().header.size(), StructureLimits{}.header_octets);
}

}  // namespace
}  // namespace postrider::mime
