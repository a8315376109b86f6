#include <gtest/gtest.h>

#include <postrider/codec/http/parser.hpp>

namespace postrider::http {
namespace {

constexpr std::string_view post =
    "POST /v1/queue/retry?where=code%3D421&x=1 HTTP/1.1\r\nHost: local\r\nContent-Length: "
    "5\r\n\r\nhello";

TEST(HttpRequestParser, AnySplitGivesTheSameRequest) {
  for (std::size_t cut = 0; cut <= post.size(); ++cut) {
    RequestParser parser;
    EXPECT_EQ(parser.feed(post.substr(0, cut)), cut);
    EXPECT_EQ(parser.feed(post.substr(cut)), post.size() - cut);
    ASSERT_EQ(parser.state(), ParseState::complete);
    const auto request = parser.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path(), "/v1/queue/retry");
    EXPECT_EQ(request.query("where"), "code=421");
    EXPECT_EQ(request.query("y"), std::nullopt);
    EXPECT_EQ(request.field("host"), "local");
    EXPECT_EQ(request.body, "hello");
    EXPECT_TRUE(request.keep_alive);
  }
}

TEST(HttpRequestParser, LeavesThePipelinedRest) {
  RequestParser parser;
  const std::string two = std::string(post) + "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(parser.feed(two), post.size());
  (void)parser.take();  // only the second one matters here
  EXPECT_EQ(parser.feed(std::string_view(two).substr(post.size())), two.size() - post.size());
  EXPECT_EQ(parser.take().target, "/");
}

TEST(HttpRequestParser, ReadsChunks) {
  RequestParser parser;
  parser.feed(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: "
      "1\r\n\r\n");
  ASSERT_EQ(parser.state(), ParseState::complete);
  EXPECT_EQ(parser.take().body, "hello!");
}

struct Refused {
  const char* octets;
  std::uint16_t status;
};
class HttpRefuses : public testing::TestWithParam<Refused> {};

TEST_P(HttpRefuses, WithTheStatusThatFits) {
  for (std::size_t step : {std::size_t{1}, std::string_view(GetParam().octets).size()}) {
    RequestParser parser(
        {.start_line_octets = 64, .header_octets = 128, .fields = 3, .body_octets = 8});
    std::string_view rest = GetParam().octets;
    while (!rest.empty() && parser.state() == ParseState::more) {
      parser.feed(rest.substr(0, step));
      rest.remove_prefix(std::min(step, rest.size()));
    }
    EXPECT_EQ(parser.state(), ParseState::failed) << GetParam().octets;
    EXPECT_EQ(parser.error_status(), GetParam().status) << GetParam().octets;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, HttpRefuses,
    testing::Values(
        Refused{"GET / HTTP/1.1\n", 400}, Refused{"GET /\r\n", 400},
        Refused{"GET  / HTTP/1.1\r\n", 400}, Refused{"GET / HTTP/2.0\r\n", 505},
        Refused{"GET http://x/ HTTP/1.1\r\n", 400}, Refused{"G(T / HTTP/1.1\r\n", 400},
        Refused{"GET / HTTP/1.1\r\nHost : x\r\n", 400},
        Refused{"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n", 400},
        Refused{"GET / HTTP/1.1\r\nA: b\rc\r\n", 400}, Refused{"GET / HTTP/1.1\r\n: b\r\n", 400},
        Refused{"GET / HTTP/1.1\r\nA: \x01\r\n", 400},
        Refused{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
        Refused{"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400},
        Refused{"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", 413},
        Refused{"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        Refused{"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        Refused{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
        Refused{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        Refused{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n", 413},
        Refused{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 413},
        Refused{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
        Refused{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400},
        Refused{"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", 431},
        Refused{"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                414},
        Refused{
            "GET / HTTP/1.1\r\nA: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            431}));

TEST(HttpResponseParser, EncodedResponsesComeBack) {
  Response response{404, {{"content-type", "application/json"}}, "{}", true};
  std::string wire;
  encode_response(response, wire);
  ResponseParser parser;
  EXPECT_EQ(parser.feed(wire), wire.size());
  const auto read = parser.take();
  EXPECT_EQ(read.status, 404);
  EXPECT_EQ(read.body, "{}");
  EXPECT_EQ(read.field("content-type"), "application/json");
}

TEST(HttpResponseParser, AHeadAndTheBodyBehindItAreOneResponse) {
  const Response response{200, {{"content-type", "message/rfc822"}}, "not looked at", true};
  std::string wire;
  encode_response_head(response, 5, wire);
  EXPECT_TRUE(wire.ends_with("content-length: 5\r\n\r\n")) << wire;
  wire += "hello";
  ResponseParser parser;
  EXPECT_EQ(parser.feed(wire), wire.size());
  ASSERT_EQ(parser.state(), ParseState::complete);
  EXPECT_EQ(parser.take().body, "hello");
}

TEST(HttpResponseParser, ABodyMayEndWithTheConnection) {
  ResponseParser parser;
  parser.feed("HTTP/1.1 200 OK\r\n\r\nabc");
  EXPECT_EQ(parser.state(), ParseState::more);
  parser.on_end_of_stream();
  ASSERT_EQ(parser.state(), ParseState::complete);
  EXPECT_EQ(parser.take().body, "abc");
}

TEST(HttpResponseParser, AnEndWithinAMessageIsAnError) {
  ResponseParser parser;
  parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab");
  parser.on_end_of_stream();
  EXPECT_EQ(parser.state(), ParseState::failed);
}

TEST(HttpEncoding, PercentComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  EXPECT_EQ(decode_percent(encode_percent(all)), all);
  EXPECT_EQ(decode_percent("%4"), std::nullopt);
  EXPECT_EQ(decode_percent("%zz"), std::nullopt);
}

TEST(HttpEncodingDeathTest, AFieldNeverBreaksItsLine) {
  std::string wire;
  EXPECT_DEATH(encode_response({200, {{"x", "a\r\nb: c"}}, "", true}, wire), "break its line");
}

}  // namespace
}  // namespace postrider::http
