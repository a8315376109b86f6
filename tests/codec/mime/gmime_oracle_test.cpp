#include <gmime/gmime.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/structure.hpp>

// GMime is the oracle: for messages as programs write them, however nested, both see the same parts
// with the same octets. What is malformed is each reader's own to make sense of: structure_test.
namespace postrider::mime {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Held = std::unique_ptr<T, Unref>;

std::string octets_of(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) {
    return {};
  }
  GMimeStream* raw = g_mime_data_wrapper_get_stream(content);
  g_mime_stream_reset(raw);
  const Held<GMimeStream> copy(g_mime_stream_mem_new());
  g_mime_stream_write_to_stream(raw, copy.get());
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(copy.get()));
  return {reinterpret_cast<const char*>(bytes->data), bytes->len};
}

std::string type_of(GMimeObject* object) {
  GMimeContentType* type = g_mime_object_get_content_type(object);
  return to_lower(g_mime_content_type_get_media_type(type)) + "/" +
         to_lower(g_mime_content_type_get_media_subtype(type));
}

std::string describe(GMimeObject* object) {
  if (object == nullptr) {
    return "nothing";
  }
  std::string out = type_of(object);
  if (GMIME_IS_MULTIPART(object)) {
    out += "(";
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); ++i) {
      out += describe(g_mime_multipart_get_part(GMIME_MULTIPART(object), i)) + ";";
    }
    return out + ")";
  }
  if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    return out + "<" +
           describe(message == nullptr ? nullptr : g_mime_message_get_mime_part(message)) + ">";
  }
  return out + "[" + octets_of(GMIME_PART(object)) + "]";
}

std::string by_gmime(const std::string& message) {
  const Held<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(message.data(), message.size()));
  const Held<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const Held<GMimeMessage> parsed(g_mime_parser_construct_message(parser.get(), nullptr));
  return describe(g_mime_message_get_mime_part(parsed.get()));
}

std::string describe(const Structure& structure, std::uint32_t index, std::string_view message) {
  const Entity& entity = structure.entities[index];
  std::string out = entity.content_type.type + "/" + entity.content_type.subtype;
  switch (entity.kind) {
    case EntityKind::multipart:
      out += "(";
      for (const std::uint32_t child : entity.children) {
        out += describe(structure, child, message) + ";";
      }
      return out + ")";
    case EntityKind::message:
      return out + "<" + describe(structure, entity.children.front(), message) + ">";
    case EntityKind::leaf:
      break;
  }
  return out + "[" + std::string(message.substr(entity.body_begin, entity.body_octets())) + "]";
}

std::string by_us(const std::string& message) {
  return describe(scan_structure(message), 0, message);
}

// Messages of many shapes: parts in parts, messages in parts, boundaries that begin like one
// another, preambles and epilogues, lines that look like delimiters.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::string message(int depth) {
    return "From: <a@example.org>" + end_ + "Subject: " + word() + end_ + "MIME-Version: 1.0" +
           end_ + entity(depth, "text/plain");
  }

 private:
  bool chance(std::uint64_t of) { return random_.below(of) == 0; }
  std::string word() {
    static constexpr const char* words[] = {"post", "horse", "--", "-- ", "=_", "rain", "--b", ""};
    return words[random_.below(std::size(words))];
  }
  std::string text() {
    std::string out;
    for (std::uint64_t lines = random_.below(6); lines > 0; --lines) {
      out += word() + " " + word() + (chance(9) ? "" : end_);
    }
    return out;
  }

  std::string entity(int depth, const std::string& inherited) {
    if (depth > 0 && chance(2)) {
      return multipart(depth);
    }
    if (depth > 0 && chance(4)) {
      return "Content-Type: message/rfc822" + end_ + end_ + message(depth - 1);
    }
    static constexpr const char* types[] = {"text/plain; charset=utf-8", "TEXT/HTML",
                                            "application/pdf; name=\"a b;c\"", "image/x-y"};
    const bool is_said = !chance(4) || inherited != "text/plain";
    return (is_said ? "Content-Type: " + std::string(types[random_.below(std::size(types))]) + end_
                    : "") +
           (chance(3) ? "Content-Transfer-Encoding: base64" + end_ : "") +
           (chance(5) ? "Content-Description: folded" + end_ + "\tfield" + end_ : "") + end_ +
           text();
  }

  std::string multipart(int depth) {
    // Of nested ones the inner begins with the outer's characters.
    const std::string boundary = std::string(static_cast<std::size_t>(8 - depth), '=') + "_b" +
                                 std::to_string(++boundaries_);
    std::string out = "Content-Type: multipart/mixed;" + (chance(2) ? end_ + "\t" : " ") +
                      "boundary=\"" + boundary + "\"" + end_ + end_;
    out += chance(2) ? "a preamble" + end_ : "";
    for (std::uint64_t parts = 1 + random_.below(3); parts > 0; --parts) {
      out += "--" + boundary + (chance(5) ? " \t" : "") + end_ + entity(depth - 1, "text/plain");
      out += end_;  // the delimiter's own
    }
    out += "--" + boundary + "--" + end_;
    out += chance(3) ? "an epilogue" + end_ : "";
    return out;
  }

  SeededRandom random_;
  std::string end_ = random_.below(8) == 0 ? "\n" : "\r\n";
  int boundaries_ = 0;
};

TEST(GMimeOracle, SeesTheSameParts) {
  g_mime_init();
  std::size_t nested = 0;
  for (std::uint64_t seed = 0; seed < 4'000; ++seed) {
    const std::string message = Writer(seed).message(4);
    const std::string expected = by_gmime(message);
    nested += expected.find('(', expected.find('(') + 1) != std::string::npos ? 1 : 0;
    ASSERT_EQ(by_us(message), expected) << "seed " << seed << "\n" << message;
  }
  EXPECT_GT(nested, 500U);
  g_mime_shutdown();
}

}  // namespace
}  // namespace postrider::mime
