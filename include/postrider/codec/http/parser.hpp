#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/codec/http/message.hpp>

namespace postrider::http {

struct ParserLimits {
  std::size_t start_line_octets = 8 * 1024;  // RFC 9112 3 recommends 8000 at least
  std::size_t header_octets = 32 * 1024;     // all field lines together
  std::size_t fields = 100;
  std::size_t body_octets = 4 * 1024 * 1024;
};

enum class ParseState : std::uint8_t { more, complete, failed };

// What both directions share: framing of lines, fields and body (RFC 9112 5 to 7), strictly: CRLF
// only, no folding, no space before the colon, one Content-Length, never together with
// Transfer-Encoding.
class MessageParser {
 public:
  explicit MessageParser(const ParserLimits& limits) : limits_(limits) {}
  virtual ~MessageParser() = default;

  // Takes octets up to the end of one message; the rest belongs to the next one.
  // Out: how many were taken.
  std::size_t feed(std::string_view octets);
  // The peer closed: completes a response whose body ends with the connection.
  void on_end_of_stream();

  [[nodiscard]] ParseState state() const { return state_; }
  // After `failed`: the status that a server answers with, and why.
  [[nodiscard]] std::uint16_t error_status() const { return error_status_; }
  [[nodiscard]] std::string_view error_text() const { return error_text_; }
  [[nodiscard]] bool is_idle() const { return step_ == Step::start_line && line_.empty(); }

 protected:
  virtual bool on_start_line(std::string_view line) = 0;
  // After the fields: whether a body may follow, and whether it ends with the connection.
  struct BodyRule {
    bool forbidden = false;
    bool until_close = false;
  };
  [[nodiscard]] virtual BodyRule body_rule() const = 0;

  bool fail(std::uint16_t status, std::string text);
  void restart();
  [[nodiscard]] bool keep_alive() const;

  std::vector<Field> fields_;
  std::string body_;
  bool http_1_0_ = false;

 private:
  enum class Step : std::uint8_t {
    start_line,
    fields,
    sized_body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    close_body
  };
  bool on_line(std::string_view line);
  bool on_field(std::string_view line);
  bool on_fields_end();
  bool on_chunk_size(std::string_view line);
  std::size_t take_line(std::string_view octets);
  std::size_t take_body(std::string_view octets);
  void finish() { state_ = ParseState::complete; }

  ParserLimits limits_;
  ParseState state_ = ParseState::more;
  Step step_ = Step::start_line;
  std::string line_;
  std::size_t header_octets_ = 0;
  std::size_t wanted_ = 0;
  std::uint16_t error_status_ = 0;
  std::string error_text_;
};

class RequestParser final : public MessageParser {
 public:
  explicit RequestParser(const ParserLimits& limits = {}) : MessageParser(limits) {}
  // After `complete`; makes the parser ready for the next request.
  [[nodiscard]] Request take();

 private:
  bool on_start_line(std::string_view line) override;
  [[nodiscard]] BodyRule body_rule() const override { return {}; }
  std::string method_;
  std::string target_;
};

class ResponseParser final : public MessageParser {
 public:
  explicit ResponseParser(const ParserLimits& limits = {}, bool to_head = false)
      : MessageParser(limits), to_head_(to_head) {}
  [[nodiscard]] Response take();

 private:
  bool on_start_line(std::string_view line) override;
  [[nodiscard]] BodyRule body_rule() const override;
  std::uint16_t status_ = 0;
  bool to_head_;
};

}  // namespace postrider::http
