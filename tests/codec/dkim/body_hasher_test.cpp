#include <gtest/gtest.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>

namespace postrider::dkim {
namespace {

std::string hash_of(std::string_view body, Canonicalization canonicalization,
                    std::uint64_t length = BodyHasher::unlimited) {
  BodyHasher hasher(canonicalization, length);
  hasher.update(body);
  return encode_base64(hasher.finish().view());
}

// The rules of RFC 6376 3.4.3 and 3.4.4, line by line, without regard to cost.
std::string canonical(std::string_view body, Canonicalization canonicalization) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t end = body.find("\r\n");
    std::string line(body.substr(0, end));
    if (canonicalization == Canonicalization::relaxed) {
      std::string reduced;
      for (const char c : line) {
        if (!is_wsp(c)) {
          reduced += c;
        } else if (reduced.empty() || reduced.back() != ' ') {
          reduced += ' ';
        }
      }
      if (reduced.ends_with(' ')) {
        reduced.pop_back();
      }
      line = reduced;
    }
    lines.push_back(line);
    if (end == std::string_view::npos) {
      break;
    }
    body.remove_prefix(end + 2);
  }
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  std::string out;
  for (const std::string& line : lines) {
    out += line + "\r\n";
  }
  return out.empty() && canonicalization == Canonicalization::simple ? "\r\n" : out;
}

TEST(DkimBodyHasher, KnowsTheEmptyBody) {
  for (const char* body : {"", "\r\n", "\r\n\r\n\r\n"}) {
    // RFC 6376 3.4.3 and 3.4.4 give these
    EXPECT_EQ(hash_of(body, Canonicalization::simple),
              "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=");
    EXPECT_EQ(hash_of(body, Canonicalization::relaxed),
              "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
  }
}

TEST(DkimBodyHasher, CanonicalizesAsTheExample) {
  // RFC 6376 3.4.5
  const std::string body = " C \r\nD \t E\r\n\r\n\r\n";
  EXPECT_EQ(hash_of(body, Canonicalization::relaxed),
            encode_base64(sha256(" C\r\nD E\r\n").view()));
  EXPECT_EQ(hash_of(body, Canonicalization::simple),
            encode_base64(sha256(" C \r\nD \t E\r\n").view()));
}

TEST(DkimBodyHasher, TreatsEdgesAsTheRulesSay) {
  const std::pair<const char*, const char*> relaxed[] = {
      {"a", "a\r\n"},           {"a\r\n  ", "a\r\n"},
      {" \t\r\n", ""},          {"a \r\n\t\r\n b", "a\r\n\r\n b\r\n"},
      {"a\rb\r\n", "a\rb\r\n"}, {"a \rb", "a \rb\r\n"},
      {"a\r", "a\r\r\n"},       {"a\nb", "a\nb\r\n"},
      {"\r", "\r\r\n"},         {"a \r\r\n", "a \r\r\n"},
  };
  for (const auto& [body, out] : relaxed) {
    EXPECT_EQ(hash_of(body, Canonicalization::relaxed), encode_base64(sha256(out).view()))
        << testing::PrintToString(body);
    EXPECT_EQ(canonical(body, Canonicalization::relaxed), out);
  }
}

TEST(DkimBodyHasher, AnySplitGivesTheHashOfTheRules) {
  SeededRandom random(30);
  constexpr std::string_view alphabet = "\r\n\r\n \tab\xE4";
  for (int i = 0; i < 20'000; ++i) {
    std::string body;
    // Long ones too: what is wider than a register is searched another way.
    const bool is_long = random.below(25) == 0;
    for (auto n = random.below(is_long ? 300 : 30); n > 0; --n) {
      body += random.below(4) == 0 ? std::string("\r\n")
                                   : std::string(1, alphabet[random.below(alphabet.size())]);
    }
    if (random.below(100) == 0) {
      body.insert(random.below(body.size() + 1), std::string(random.below(4'000), 'x'));
    }
    for (const auto kind : {Canonicalization::simple, Canonicalization::relaxed}) {
      const std::string rules = canonical(body, kind);
      BodyHasher hasher(kind);
      for (std::size_t at = 0; at < body.size();) {
        const std::size_t step =
            std::min<std::size_t>(random.below(is_long ? 100 : 5), body.size() - at);
        hasher.update(std::string_view(body).substr(at, step));
        at += step;
      }
      ASSERT_EQ(hasher.finish(), sha256(rules)) << "seed 30: " << testing::PrintToString(body);
      ASSERT_EQ(hasher.canonical_octets(), rules.size()) << "seed 30";
      // l=
      const std::uint64_t length = random.below(rules.size() + 3);
      ASSERT_EQ(hash_of(body, kind, length), encode_base64(sha256(rules.substr(0, length)).view()))
          << "seed 30";
    }
  }
}

TEST(DkimBodyHasher, FindsABlankWhereverItStands) {
  for (const char* blank :
       {"\t", "  ", " \t", "\t ", " \r\n", "\t\r\n", "\r\n\r\n", " \n", " \ra"}) {
    for (std::size_t at = 0; at < 70; ++at) {
      for (const std::size_t behind : {0, 1, 15, 16, 17, 40}) {
        const std::string body = std::string(at, 'x') + blank + std::string(behind, 'y');
        for (const auto kind : {Canonicalization::simple, Canonicalization::relaxed}) {
          ASSERT_EQ(hash_of(body, kind), encode_base64(sha256(canonical(body, kind)).view()))
              << testing::PrintToString(body);
        }
      }
    }
  }
}

TEST(DkimBodyHasher, ACopyIsASnapshot) {
  BodyHasher hasher(Canonicalization::relaxed);
  hasher.update("a \r");
  BodyHasher copy = hasher;
  hasher.update("\nb");
  EXPECT_EQ(copy.finish(), sha256("a \r\r\n"));
  EXPECT_EQ(hasher.finish(), sha256("a\r\nb\r\n"));
}

TEST(DkimBodyHasher, EmptyLinesWithoutEndCostNoMemory) {
  BodyHasher hasher(Canonicalization::relaxed);
  const std::string lines = [] {
    std::string text;
    for (int i = 0; i < 10'000; ++i) {
      text += "\r\n";
    }
    return text;
  }();
  for (int i = 0; i < 100; ++i) {
    hasher.update(lines);
  }
  EXPECT_EQ(hasher.finish(), sha256(""));
}

}  // namespace
}  // namespace postrider::dkim
