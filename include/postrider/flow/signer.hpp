#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/arc/chain.hpp>

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

// What we found out about a message as it came in, said again to whom it is sent on to.
struct SealFacts {
  std::string results;                    // of our Authentication-Results, with our name
  arc::Status chain = arc::Status::none;  // of the chain as it came; not temperror
};

// The ARC set of one message that is sent on (RFC 8617 5.1), while its body is read again.
class SealingWork {
 public:
  virtual ~SealingWork() = default;
  virtual void update(std::string_view body) = 0;
  // `header` as in SigningWork, with all that is signed. Three complete fields for the top; empty
  // if nobody may add to the chain. Errors: why, for the log.
  [[nodiscard]] virtual Result<std::string, std::string> finish(std::string_view header,
                                                                const SealFacts& facts,
                                                                WallTime now) = 0;
};

// Whoever signs what we send. Shard: one instance a core.
class Signer {
 public:
  virtual ~Signer() = default;
  // For a message whose From is in this domain (A-labels, lower case); nullptr: nobody signs it.
  [[nodiscard]] virtual std::unique_ptr<SigningWork> begin(std::string_view from_domain) = 0;
  // For what an address in this domain sends on; nullptr: nobody seals it.
  [[nodiscard]] virtual std::unique_ptr<SealingWork> begin_seal(std::string_view domain) = 0;
};

}  // namespace postrider::flow
