#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

namespace postrider::flow {

// The signatures of one message, while its body arrives.
class SigningWork {
 public:
  virtual ~SigningWork() = default;
  // The body as it will be sent, in chunks cut anywhere.
  virtual void update(std::string_view body) = 0;
  // `header`: the header section as it will be sent, with its blank line. Complete DKIM-Signature
  // fields with their CRLF, for the top. Errors: why, for the log; the message waits (451).
  [[nodiscard]] virtual Result<std::string, std::string> finish(std::string_view header,
                                                                WallTime now) = 0;
};

// Whoever signs what we send. Shard: one instance a core.
class Signer {
 public:
  virtual ~Signer() = default;
  // For a message whose From is in this domain (A-labels, lower case); nullptr: nobody signs it.
  [[nodiscard]] virtual std::unique_ptr<SigningWork> begin(std::string_view from_domain) = 0;
};

}  // namespace postrider::flow
