#pragma once

#include "filter_subject.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/codec/filter/milter.hpp>

namespace postrider::flow {

// One milter and one connection of a client: the milter hears of it, of its transactions and of
// their messages. It is connected to when the first sender is given, and again when it has hung up
// between two transactions or the client says who it is anew.
class MilterClient {
 public:
  // All of it outlives this.
  MilterClient(engine::Reactor& reactor, const FilterSettings& settings,
               const std::string& hostname);
  // Says goodbye without waiting.
  ~MilterClient();
  MilterClient(const MilterClient&) = delete;
  MilterClient& operator=(const MilterClient&) = delete;

  // pass, reject, defer (both with a refusal) or unavailable. What it said of the connection holds
  // for all its transactions, and discard is told at the message's end.
  [[nodiscard]] engine::Task<FilterFinding> mail(const Conversation& conversation,
                                                 std::vector<std::string> arguments);
  [[nodiscard]] engine::Task<FilterFinding> rcpt(std::vector<std::string> arguments);
  [[nodiscard]] engine::Task<FilterFinding> message(FilterSubject& subject);
  // Has heard mail(), and not the end of a message yet.
  [[nodiscard]] bool is_in_transaction() const { return in_transaction_; }

 private:
  using Reply = Result<filter::MilterReply, std::string>;
  enum class Standing : std::uint8_t { open, accepted, discarded };

  // Of the client, as the milter has heard it.
  struct Client {
    SocketAddress peer;
    std::string name;
    std::string helo;
    std::string tls;
    std::string account;
    friend bool operator==(const Client&, const Client&) = default;
  };

  [[nodiscard]] engine::Until soon() const;
  void close();
  // A command that is told, and its answer if it has one.
  [[nodiscard]] engine::Task<Reply> ask(filter::MilterCommand command);
  [[nodiscard]] engine::Task<Reply> hear(filter::MilterCommand command);
  [[nodiscard]] engine::Task<Reply> read_reply(engine::Until until);
  [[nodiscard]] engine::Task<Result<filter::MilterPacket, std::string>> read(engine::Until until);
  [[nodiscard]] engine::Task<std::string> flush();
  [[nodiscard]] engine::Task<std::string> open();
  [[nodiscard]] engine::Task<FilterFinding> introduce();
  [[nodiscard]] engine::Task<FilterFinding> say_mail(const std::vector<std::string>& arguments);
  [[nodiscard]] engine::Task<FilterFinding> say_header(std::string_view header);
  [[nodiscard]] engine::Task<FilterFinding> say_body(ArrivedBody& body);
  [[nodiscard]] engine::Task<FilterFinding> say_content(FilterSubject& subject);
  [[nodiscard]] std::string take_change(const filter::MilterReply& reply);
  [[nodiscard]] FilterFinding take_answer(const Reply& reply);
  void add_macros(filter::MilterCommand command, filter::MilterStage stage);
  [[nodiscard]] std::string macro(std::string_view name) const;
  FilterFinding fail(std::string why);

  engine::Reactor& reactor_;
  const FilterSettings& settings_;
  const std::string& hostname_;
  std::unique_ptr<engine::Stream> stream_;
  filter::MilterTerms terms_;
  std::string in_;  // not read yet, behind `taken_`
  std::size_t taken_ = 0;
  std::string out_;  // not sent yet
  Client client_;
  std::string sender_;
  std::string recipient_;
  std::string id_;
  Standing connection_ = Standing::open;
  std::optional<FilterFinding> connection_refused_;
  Standing transaction_ = Standing::open;
  std::optional<FilterFinding> transaction_refused_;  // told at the end, if it was not obeyed
  bool in_transaction_ = false;
  std::string failure_;      // of this transaction; empty: none
  bool has_served_ = false;  // this connection, a transaction before
  FilterFinding changes_;    // gathered at the end of a message
  BodyReplacement* replacement_ = nullptr;
};

}  // namespace postrider::flow
