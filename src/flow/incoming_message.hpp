#pragma once

#include "filter_ledger.hpp"
#include "judgement.hpp"
#include "memory_budget.hpp"
#include "message_checksum.hpp"
#include "milter_session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/line_breaks.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/intake.hpp>

namespace postrider::flow {

// What all messages of one core share.
struct IntakeCore {
  IntakeCore(IntakeDoors given, IntakeSettings wanted)
      : doors(given),
        settings(std::move(wanted)),
        budget(settings.memory_bytes),
        memory_freed(doors.reactor),
        filters(doors.reactor, doors.events, settings.filters) {}
  IntakeDoors doors;
  IntakeSettings settings;
  MemoryBudget budget;
  engine::Event memory_freed;  // pulsed
  IntakeCounters counters;
  FilterLedger filters;
};

// What a sender is told of a store that did not take a message.
[[nodiscard]] IntakeError intake_error_of(store::StoreError error);

// One message on its way into the queue. The header section is kept in memory until it is complete
// and can be judged; the body is hashed as it comes, and kept until it is too much for memory, when
// it goes to the store in chunks.
class QueuedMessage final : public IncomingMessage {
 public:
  // `core` outlives it.
  QueuedMessage(IntakeCore& core, Conversation conversation, Transaction transaction);
  ~QueuedMessage() override;

  engine::Task<Result<void, IntakeError>> append(std::string_view octets) override;
  engine::Task<Result<MessageId, IntakeError>> commit() override;

 private:
  using Outcome = Result<void, IntakeError>;
  using Section = Result<mime::HeaderSection, IntakeError>;

  // It is ours, or our users', to repair and to sign; else it is somebody else's.
  [[nodiscard]] bool sends() const {
    return conversation_.door != Door::inbound && conversation_.door != Door::lmtp;
  }
  // Keeps the first failure, tells the log.
  IntakeError fail(IntakeFailure kind, std::string text, std::string enhanced = {});
  IntakeError fail(IntakeError error);
  [[nodiscard]] Outcome check_content() const;
  engine::Task<Outcome> take(std::string_view octets);
  engine::Task<Outcome> take_header(std::string_view octets);
  engine::Task<Outcome> take_body(std::string_view octets);
  engine::Task<Outcome> close_header();
  [[nodiscard]] Section scan() const;
  void make_room_for_body();
  [[nodiscard]] bool grow(std::string& buffer, std::size_t more);
  engine::Task<Outcome> wait_to_grow(std::string& buffer, std::size_t more);
  [[nodiscard]] std::size_t body_limit() const;
  void release();
  engine::Task<Outcome> stage();
  engine::Task<Outcome> finish_content();
  engine::Task<Outcome> judge();
  // Who is asked to come back (incoming_greylisting.cpp).
  [[nodiscard]] bool is_greylisted() const;
  engine::Task<Outcome> greylist();
  void learn(bool is_good);
  // The chain of filters (incoming_filtering.cpp).
  [[nodiscard]] bool is_filtered() const;
  engine::Task<Outcome> filter();
  engine::Task<Outcome> begin_milters();
  engine::Task<Outcome> filter_by(std::size_t number);
  engine::Task<FilterFinding> look(std::size_t number, BodyReplacement& replacement);
  Outcome obey(std::size_t number, const FilterFinding& found);
  Outcome refuse_by(const FilterSettings& settings, const FilterFinding& found);
  [[nodiscard]] std::string take_changes(const FilterFinding& found);
  Outcome set_header(std::string header);
  engine::Task<Outcome> take_body_of(BodyReplacement& replacement);
  engine::Task<Outcome> sign_anew();
  [[nodiscard]] ArrivedBody arrived_body() const;
  MessageId discard();
  void remark(std::string_view action, const std::string& why);
  engine::Task<Outcome> place();
  [[nodiscard]] Result<std::string, IntakeError> make_header(MessageId id);
  [[nodiscard]] std::shared_ptr<const store::Envelope> make_envelope(MessageId id,
                                                                     std::string_view first_chunk);
  void emit_received(const store::Envelope& envelope);
  [[nodiscard]] std::string tenant() const;

  IntakeCore& core_;
  Conversation conversation_;
  Transaction transaction_;
  MemoryShare share_;
  mime::LineBreakNormalizer normalizer_;
  mime::ContentScan content_;
  std::string normalized_;  // of one append()
  std::string header_;      // the section and its blank line, as it came
  bool header_closed_ = false;
  std::string body_;  // what was not staged
  std::uint64_t octets_ = 0;
  std::uint64_t body_octets_ = 0;
  std::uint8_t hops_ = 0;
  bool tls_not_required_ = false;  // RFC 8689 3
  std::unique_ptr<SigningWork> signing_;
  std::string from_domain_;               // that signing_ is for
  std::unique_ptr<Judgement> judgement_;  // stands on header_
  std::vector<std::string> findings_;     // fields
  std::string remark_;                    // on its verdict, for the log
  bool is_vouched_for_ = false;           // by a list
  std::string proven_domain_;             // of From, where DMARC passed
  bool has_passed_greylist_ = false;      // what becomes of it is learnt
  store::Disposition disposition_ = store::Disposition::inbox;
  std::string single_recipient_;
  std::unique_ptr<store::StagedMessage> staged_;
  std::unique_ptr<MessageChecksum> checksum_ = std::make_unique<MessageChecksum>();  // of staged_
  MessageId id_;                                // null: not asked for yet
  std::unique_ptr<MilterSession> own_milters_;  // where the conversation has none
  bool is_discarded_ = false;
  bool is_body_replaced_ = false;
  bool has_8bit_ = false;  // in what a filter has put in
  bool ends_in_crlf_ = true;
  std::optional<IntakeError> failure_;
};

}  // namespace postrider::flow
