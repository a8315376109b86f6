#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/signer.hpp>
#include <postrider/policy/srs.hpp>
#include <postrider/store/queue_store.hpp>

// Messages of ours that others cause: what is forwarded, posts to mailing lists, what an address
// comes to that was not placed when it was accepted.
namespace postrider::flow {

// Why a message does not go on.
enum class OnwardFailure : std::uint8_t {
  loop,        // 5.4.6: it has been here before, or at too many hosts
  auto_reply,  // nothing is said: an automatic reply to a list is not spread (RFC 3834 2)
  bounce,      // 5.7.1: a report is no post
};

inline constexpr std::uint32_t onward_hops_max = 100;  // RFC 5321 6.3

// What changes on the way. The body never does.
struct Onward {
  std::string reverse_path;
  std::vector<store::Recipient> recipients;  // at least one
  // Complete fields for the top, the first one last in order of reading; and names of fields that
  // go.
  std::string trace;
  std::vector<std::string> fields;
  std::vector<std::string> removed;
  bool is_hop = true;  // false: nothing but the recipients is new, each a delivery of its own
  bool keeps_dsn_terms = true;  // RET and ENVID
  // Whose address sends it on: what we found out when it came in is sealed in that name (ARC), and
  // a post is signed in it beside (DKIM). Empty: neither.
  std::string domain;
  bool is_post = false;
};

struct OnwardFacts {
  std::string hostname;
  std::string authserv_id;  // our name in Authentication-Results
  WallTime now{};
};

// `about`: the message that was accepted for `recipient`. `header`: its beginning, with the whole
// header.
[[nodiscard]] Result<Onward, OnwardFailure> make_forward(const store::Envelope& about,
                                                         const store::Recipient& recipient,
                                                         std::string_view header,
                                                         const policy::Srs& srs,
                                                         const OnwardFacts& facts);
// A post: from the list's own envelope sender, with its List-* fields (RFC 2369, RFC 2919).
// `members` have been placed.
[[nodiscard]] Result<Onward, OnwardFailure> make_post(const store::Envelope& about,
                                                      const ListFacts& list,
                                                      std::vector<store::Recipient> members,
                                                      std::string_view header,
                                                      const OnwardFacts& facts);
// Where the bounces of a list's posts go, and the list of such an address, if it is one.
[[nodiscard]] std::string list_bounces_address(std::string_view list);
[[nodiscard]] std::optional<std::string> list_of_bounces_address(std::string_view address);
// The message for others in the place of one recipient.
[[nodiscard]] Result<Onward, OnwardFailure> make_expansion(const store::Envelope& about,
                                                           std::vector<store::Recipient> placed);

struct OnwardMessage {
  store::NewMessage message;                     // with its chunk 0
  std::shared_ptr<store::StagedMessage> staged;  // Settlement's; nullptr: it is small
};
struct OnwardDoors {
  store::QueueStore& queue;
  Signer* signer = nullptr;  // nullptr: nothing is sealed or signed
};
// Ready for Settlement::report. `first`: chunk 0 of the original. Memory: two chunks. What can't be
// sealed or signed goes on without.
[[nodiscard]] engine::Task<store::StoreResult<OnwardMessage>> compose_onward(
    OnwardDoors doors, std::shared_ptr<const store::Envelope> about, SharedOctets first,
    Onward onward, OnwardFacts facts);

}  // namespace postrider::flow
