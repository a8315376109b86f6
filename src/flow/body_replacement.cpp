#include "body_replacement.hpp"

#include <utility>

namespace postrider::flow {

engine::Task<Result<void, std::string>> BodyReplacement::append(std::string_view octets) {
  std::string lines;
  normalizer_.update(octets, lines);
  co_return co_await add(lines);
}

engine::Task<Result<void, std::string>> BodyReplacement::finish() {
  std::string lines;
  normalizer_.finish(lines);
  if (auto added = co_await add(lines); !added) {
    co_return added;
  }
  // DATA can't send what does not end in CRLF.
  if (!ends_in_crlf_) {
    if (auto added = co_await add("\r\n"); !added) {
      co_return added;
    }
  }
  if (staged_ && !body_.empty()) {
    co_return co_await stage();
  }
  co_return Result<void, std::string>{};
}

engine::Task<Result<void, std::string>> BodyReplacement::add(std::string_view octets) {
  content_.update(octets);
  if (content_.octets() > limits_.octets || content_.has_nul() ||
      content_.longest_line_octets() > limits_.line_octets) {
    co_return failure(std::string("its body is too large, has lines that are too long, or NUL"));
  }
  if (!octets.empty()) {
    ends_in_crlf_ = octets.ends_with("\r\n");
  }
  if (body_.size() + octets.size() > limits_.chunk_octets && !body_.empty()) {
    if (auto staged = co_await stage(); !staged) {
      co_return staged;
    }
  }
  if (!share_.resize(body_.size() + octets.size())) {
    co_return failure(std::string("there is no memory for its body"));
  }
  body_ += octets;
  co_return Result<void, std::string>{};
}

engine::Task<Result<void, std::string>> BodyReplacement::stage() {
  if (!staged_) {
    staged_ = queue_.stage();
  }
  checksum_->update(body_);
  const auto written = co_await staged_->append(std::exchange(body_, {}));
  (void)share_.resize(0);  // shrinking never fails
  if (!written) {
    co_return failure("its body can't be stored: " + std::string(store::describe(written.error())));
  }
  co_return Result<void, std::string>{};
}

BodyReplacement::Outcome BodyReplacement::take() {
  Outcome out{std::move(body_), std::move(staged_), std::move(checksum_), content_.octets(),
              content_.has_8bit()};
  (void)share_.resize(0);  // shrinking never fails
  return out;
}

}  // namespace postrider::flow
