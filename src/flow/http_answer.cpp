#include "http_answer.hpp"

#include <postrider/codec/http/parser.hpp>

namespace postrider::flow {

namespace {

constexpr std::size_t answer_octets_max = 4UL << 20;

}  // namespace

engine::Task<Result<http::Response, std::string>> hear_answer(engine::Stream& stream,
                                                              engine::Until until) {
  http::ParserLimits limits;
  limits.body_octets = answer_octets_max;
  http::ResponseParser parser(limits);
  while (parser.state() == http::ParseState::more) {
    const auto octets = co_await stream.receive(until);
    if (octets) {
      parser.feed(*octets);
    } else if (octets.error() == engine::IoError::end_of_stream) {
      parser.on_end_of_stream();
      if (parser.state() == http::ParseState::more) {
        co_return failure(std::string("its answer breaks off"));
      }
    } else {
      co_return failure("it does not answer: " + std::string(engine::describe(octets.error())));
    }
  }
  if (parser.state() == http::ParseState::failed) {
    co_return failure("its answer is no HTTP: " + std::string(parser.error_text()));
  }
  co_return parser.take();
}

}  // namespace postrider::flow
