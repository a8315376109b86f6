#pragma once

#include "milter_client.hpp"

#include <memory>
#include <vector>

namespace postrider::flow {

struct IntakeCore;

// The milters of one door, for one connection.
class MilterSession final : public FilterSession {
 public:
  // `core` outlives it.
  MilterSession(IntakeCore& core, Door door);

  engine::Task<std::optional<FilterRefusal>> check_sender(const Conversation& conversation,
                                                          std::vector<std::string> mail) override;
  engine::Task<std::optional<FilterRefusal>> check_recipient(
      std::vector<std::string> rcpt) override;

  [[nodiscard]] bool is_empty() const { return clients_.empty(); }
  // MAIL was told, and nothing has ended it.
  [[nodiscard]] bool has_begun() const { return has_begun_; }
  // Of the filter with that index in the settings.
  [[nodiscard]] MilterClient& client_of(std::size_t filter);
  void end() { has_begun_ = false; }

 private:
  struct Link {
    std::size_t filter;
    std::unique_ptr<MilterClient> client;
  };
  [[nodiscard]] std::optional<FilterRefusal> take(const Link& link, const FilterFinding& said);
  IntakeCore& core_;
  std::vector<Link> clients_;
  bool has_begun_ = false;
};

}  // namespace postrider::flow
