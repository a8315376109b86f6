#include "milter_client.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::flow {

using filter::MilterCommand;
using filter::MilterVerb;

MilterClient::MilterClient(engine::Reactor& reactor, const FilterSettings& settings,
                           const std::string& hostname)
    : reactor_(reactor), settings_(settings), hostname_(hostname) {}

MilterClient::~MilterClient() = default;

engine::Until MilterClient::soon() const {
  return {reactor_.now() + settings_.timeout, {}};
}

// A milter that reads the end of the stream has no more of this client.
void MilterClient::close() {
  stream_.reset();
  in_.clear();
  taken_ = 0;
  out_.clear();
  has_served_ = false;
  in_transaction_ = false;
  connection_ = Standing::open;
  connection_refused_.reset();
}

FilterFinding MilterClient::fail(std::string why) {
  close();
  failure_ = std::move(why);
  return unavailable(failure_);
}

// -- packets --------------------------------------------------------------------------------------

engine::Task<std::string> MilterClient::flush() {
  if (!out_.empty()) {
    const auto sent = co_await stream_->send(out_, soon());
    out_.clear();
    if (!sent) {
      co_return "it takes nothing: " + std::string(engine::describe(sent.error()));
    }
  }
  co_return std::string();
}

engine::Task<Result<filter::MilterPacket, std::string>> MilterClient::read(engine::Until until) {
  in_.erase(0, std::exchange(taken_, 0));
  while (true) {
    const auto packet = filter::parse_milter_packet(in_);
    if (!packet) {
      co_return failure("it sends " + std::string(filter::describe(packet.error())));
    }
    if (*packet) {
      taken_ = (*packet)->octets;
      co_return **packet;
    }
    const auto octets = co_await stream_->receive(until);
    if (!octets) {
      co_return failure("it does not answer: " + std::string(engine::describe(octets.error())));
    }
    in_ += *octets;
  }
}

engine::Task<MilterClient::Reply> MilterClient::read_reply(engine::Until until) {
  const auto packet = co_await read(until);
  if (!packet) {
    co_return failure(packet.error());
  }
  auto reply = filter::parse_milter_reply(*packet);
  if (!reply) {
    co_return failure("it sends " + std::string(filter::describe(reply.error())));
  }
  co_return *std::move(reply);
}

// Up to the reply that ends the command; what it wants changed is gathered.
engine::Task<MilterClient::Reply> MilterClient::hear(MilterCommand command) {
  constexpr int patience = 10;  // of its time-outs, while it says that it is still at work
  const MonoTime last = reactor_.now() + patience * settings_.timeout;
  while (true) {
    const engine::Until until{std::min(last, reactor_.now() + settings_.timeout), {}};
    Reply reply = co_await read_reply(until);
    if (!reply) {
      co_return reply;
    }
    if (!filter::is_allowed(terms_, command, reply->verb)) {
      co_return failure("it sends " +
                        std::string(filter::describe(filter::MilterFailure::out_of_place)));
    }
    if (filter::is_final(reply->verb)) {
      co_return reply;
    }
    if (reply->verb == MilterVerb::replace_body) {
      changes_.replaces_body = true;
      if (const auto taken = co_await replacement_->append(reply->text); !taken) {
        co_return failure(taken.error());
      }
    } else if (std::string wrong = take_change(*reply); !wrong.empty()) {
      co_return failure(std::move(wrong));
    }
  }
}

engine::Task<MilterClient::Reply> MilterClient::ask(MilterCommand command) {
  constexpr std::size_t enough = 256UL << 10;
  const bool is_answered = filter::is_answered(terms_, command);
  if (is_answered || out_.size() >= enough) {
    if (std::string wrong = co_await flush(); !wrong.empty()) {
      co_return failure(std::move(wrong));
    }
  }
  if (!is_answered) {
    co_return filter::MilterReply{};
  }
  co_return co_await hear(command);
}

// -- what it says ---------------------------------------------------------------------------------

std::string MilterClient::take_change(const filter::MilterReply& reply) {
  constexpr std::size_t changes_max = 1000;
  const std::string blank = (terms_.steps & filter::milter_step::leading_space) != 0 ? "" : " ";
  HeaderChange change{.kind = HeaderChange::Kind::append,
                      .name = reply.name,
                      .value = blank + reply.text,
                      .which = reply.index};
  switch (reply.verb) {
    case MilterVerb::insert_header:
      // Places are counted with our own Received on top, which it has not seen.
      change.kind = HeaderChange::Kind::insert;
      change.which = std::max<std::int64_t>(change.which, 1) - 1;
      break;
    case MilterVerb::change_header:
      change.kind = reply.text.empty() ? HeaderChange::Kind::remove : HeaderChange::Kind::replace;
      change.which = std::max<std::int64_t>(change.which, 1);
      break;
    case MilterVerb::add_header:
      break;
    case MilterVerb::change_sender:
      changes_.sender = reply.text;
      return {};
    case MilterVerb::add_recipient:
      changes_.added_recipients.push_back(reply.text);
      return changes_.added_recipients.size() > changes_max ? "it adds too many recipients" : "";
    case MilterVerb::remove_recipient:
      changes_.removed_recipients.push_back(reply.text);
      return changes_.removed_recipients.size() > changes_max ? "it changes too much" : "";
    case MilterVerb::quarantine:
      changes_.answer = FilterAnswer::quarantine;
      changes_.text = reply.text.empty() ? "it wants it held back" : reply.text;
      return {};
    default:
      return {};
  }
  changes_.changes.push_back(std::move(change));
  return changes_.changes.size() > changes_max ? "it changes too much of the header" : "";
}

FilterFinding MilterClient::take_answer(const Reply& reply) {
  if (!reply) {
    return fail(reply.error());
  }
  FilterFinding out;
  switch (reply->verb) {
    case MilterVerb::accept:
      transaction_ = Standing::accepted;
      break;
    case MilterVerb::discard:
      transaction_ = Standing::discarded;
      break;
    case MilterVerb::reject:
      out.answer = FilterAnswer::reject;
      out.refusal = {550, "5.7.1", "Command rejected"};
      break;
    case MilterVerb::tempfail:
      out.answer = FilterAnswer::defer;
      out.refusal = {451, "4.7.1", "Service unavailable: try again later"};
      break;
    case MilterVerb::shutdown:
    case MilterVerb::connection_failure:
      out.answer = FilterAnswer::defer;
      out.refusal = {421, "4.7.0", "Service unavailable: try again later"};
      break;
    case MilterVerb::reply: {
      const bool is_final = reply->code >= 500;
      out.answer = is_final ? FilterAnswer::reject : FilterAnswer::defer;
      std::string words = reply->text;
      std::ranges::replace_if(words, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, ' ');
      out.refusal = {reply->code,
                     reply->enhanced.empty() ? (is_final ? "5.7.1" : "4.7.1") : reply->enhanced,
                     words.substr(0, 900)};
      break;
    }
    default:
      break;
  }
  if (out.refusal) {
    out.text = "it says " + std::to_string(out.refusal->code) + " " + out.refusal->text;
  }
  return out;
}

// -- the conversation -----------------------------------------------------------------------------

engine::Task<std::string> MilterClient::open() {
  auto stream = co_await connect_filter(reactor_, settings_, soon());
  if (!stream) {
    co_return std::move(stream.error());
  }
  stream_ = *std::move(stream);
  filter::append_milter_offer(out_);
  if (std::string wrong = co_await flush(); !wrong.empty()) {
    co_return wrong;
  }
  const auto packet = co_await read(soon());
  if (!packet) {
    co_return packet.error();
  }
  auto terms = filter::parse_milter_terms(*packet);
  if (!terms) {
    co_return "it sends " + std::string(filter::describe(terms.error()));
  }
  terms_ = *std::move(terms);
  co_return std::string();
}

// What it says here holds for the whole connection.
engine::Task<FilterFinding> MilterClient::introduce() {
  for (const MilterCommand command : {MilterCommand::connect, MilterCommand::helo}) {
    if (!filter::is_wanted(terms_, command)) {
      continue;
    }
    if (command == MilterCommand::connect) {
      add_macros(command, filter::MilterStage::connect);
      const std::string name =
          client_.name.empty() ? "[" + client_.peer.ip.text() + "]" : client_.name;
      filter::append_milter_connect(name, client_.peer, out_);
    } else {
      add_macros(command, filter::MilterStage::helo);
      filter::append_milter_texts(command, std::vector<std::string>{client_.helo}, out_);
    }
    FilterFinding said = take_answer(co_await ask(command));
    connection_ = std::exchange(transaction_, Standing::open);
    if (said.answer != FilterAnswer::pass || connection_ != Standing::open) {
      co_return said;
    }
  }
  co_return FilterFinding{};
}

engine::Task<FilterFinding> MilterClient::say_mail(const std::vector<std::string>& arguments) {
  if (!stream_) {
    if (std::string wrong = co_await open(); !wrong.empty()) {
      co_return fail(std::move(wrong));
    }
    FilterFinding said = co_await introduce();
    if (said.answer == FilterAnswer::unavailable) {
      co_return said;
    }
    if (said.answer != FilterAnswer::pass) {
      connection_refused_ = said;
    }
  }
  transaction_ = connection_;
  if (connection_refused_) {
    co_return *connection_refused_;
  }
  in_transaction_ = true;
  if (transaction_ != Standing::open || !filter::is_wanted(terms_, MilterCommand::mail)) {
    co_return FilterFinding{};
  }
  add_macros(MilterCommand::mail, filter::MilterStage::mail);
  filter::append_milter_texts(MilterCommand::mail, arguments, out_);
  co_return take_answer(co_await ask(MilterCommand::mail));
}

engine::Task<FilterFinding> MilterClient::mail(const Conversation& conversation,
                                               std::vector<std::string> arguments) {
  Client client{conversation.peer, conversation.client.name, conversation.helo, conversation.tls,
                conversation.account};
  if (client != client_) {
    close();
    client_ = std::move(client);
  }
  failure_.clear();
  id_.clear();
  recipient_.clear();
  transaction_refused_.reset();
  sender_ = arguments.front();
  if (stream_ && in_transaction_) {
    filter::append_milter_command(MilterCommand::abort, out_);
  }
  in_transaction_ = false;
  const bool may_be_stale = stream_ && has_served_;
  FilterFinding said = co_await say_mail(arguments);
  if (said.answer == FilterAnswer::unavailable && may_be_stale) {
    // It may have hung up while the client was idle: a new connection tells.
    failure_.clear();
    said = co_await say_mail(arguments);
  }
  has_served_ = stream_ != nullptr;
  if (said.answer == FilterAnswer::reject) {
    transaction_refused_ = said;
  }
  co_return said;
}

engine::Task<FilterFinding> MilterClient::rcpt(std::vector<std::string> arguments) {
  if (!failure_.empty()) {
    co_return unavailable(failure_);
  }
  if (transaction_refused_ || transaction_ != Standing::open ||
      !filter::is_wanted(terms_, MilterCommand::rcpt)) {
    co_return FilterFinding{};
  }
  recipient_ = arguments.front();
  add_macros(MilterCommand::rcpt, filter::MilterStage::rcpt);
  filter::append_milter_texts(MilterCommand::rcpt, arguments, out_);
  FilterFinding said = take_answer(co_await ask(MilterCommand::rcpt));
  if (said.answer == FilterAnswer::reject && settings_.on_reject != FilterAction::reject) {
    transaction_refused_ = said;
  }
  co_return said;
}

}  // namespace postrider::flow
