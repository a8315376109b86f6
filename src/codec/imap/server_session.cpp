#include "command_table.hpp"
#include "server_says.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/server_session.hpp>

namespace postrider::imap {
namespace {

constexpr CommandFramer::Limits login_limits{.line_octets = login_line_octets_max,
                                             .command_octets = login_line_octets_max,
                                             .discard_octets = login_discard_octets_max};

unsigned bit_of(ServerState state) {
  switch (state) {
    case ServerState::not_authenticated:
      return LegalIn::not_authenticated;
    case ServerState::authenticated:
      return LegalIn::authenticated;
    case ServerState::selected:
      return LegalIn::selected;
    case ServerState::logout:
      break;
  }
  return 0;
}

// A browser made to post here by a page: its body may hold commands.
bool is_http(std::string_view line) {
  return line.contains(" HTTP/1.");
}

}  // namespace

ServerSession::ServerSession(const ServerRules& rules, Facts facts, Random& random)
    : rules_(rules),
      random_(random),
      tls_(facts.tls),
      bindings_(std::move(facts.bindings)),
      framer_(login_limits) {}

void ServerSession::start(std::string& out) {
  say("*",
      {Status::Kind::ok, "CAPABILITY " + capabilities(),
       rules_.hostname + " IMAP4 Postrider ready"},
      out);
}

void ServerSession::set_limits() {
  framer_.set_limits(state_ == ServerState::not_authenticated
                         ? login_limits
                         : CommandFramer::Limits{line_octets_max, command_octets_max,
                                                 rules_.message_octets_max + discard_octets_max});
}

void ServerSession::say(std::string_view tag, const Status& status, std::string& out) {
  encode_status(tag, status, out);
}

ServerSession::Next ServerSession::hang_up(std::string_view code, std::string_view text,
                                           std::string& out) {
  encode_bye(code, text, out);
  mode_ = Mode::closing;
  state_ = ServerState::logout;
  return ServerStep::close;
}

ServerSession::Next ServerSession::complain(std::string_view tag, const Status& status,
                                            std::string& out) {
  say(tag, status, out);
  if (status.kind == Status::Kind::bad && ++errors_ >= rules_.errors_max) {
    return hang_up("", "Too many errors", out);
  }
  return std::nullopt;
}

ServerStep ServerSession::next(std::string_view& input, std::string& out) {
  check(mode_ != Mode::executing, "a command that nobody has answered");
  while (true) {
    if (std::exchange(drop_, false)) {
      message_opened_ = false;
      return ServerStep::drop_messages;
    }
    if (shutting_down_ && mode_ == Mode::command) {
      return *hang_up("UNAVAILABLE", "Shutting down: connect again", out);
    }
    if (mode_ == Mode::closing) {
      return ServerStep::close;
    }
    if (out.size() > output_octets_max) {
      return ServerStep::read;
    }
    // A ClientHello (RFC 8446 5.1) never holds a CRLF to speak of: don't wait for one.
    if (std::exchange(first_, first_ && input.empty()) && input.starts_with('\x16')) {
      return *hang_up("", "No TLS on this port before STARTTLS", out);
    }
    const bool plain = mode_ == Mode::auth || mode_ == Mode::idle;
    const Event event = framer_.next(
        input, plain ? CommandFramer::Syntax::plain_line : CommandFramer::Syntax::command);
    if (event.kind == Event::Kind::more) {
      return ServerStep::read;
    }
    if (const Next step = on_event(event, input, out)) {
      return *step;
    }
  }
}

ServerSession::Next ServerSession::on_event(const Event& event, std::string_view input,
                                            std::string& out) {
  switch (event.kind) {
    case Event::Kind::more:
      break;
    case Event::Kind::command:
      return on_text(event.octets, input, out);
    case Event::Kind::literal:
      return on_literal(event, out);
    case Event::Kind::piece:
      if (!may_hold_nul_ && event.octets.contains('\0')) {
        return refuse_append(status_of(Say::message_nul), out);
      }
      piece_ = event.octets;
      return ServerStep::append_octets;
    case Event::Kind::literal_end:
      return ServerStep::close_message;
    case Event::Kind::refused:
      return on_refused(event, out);
    case Event::Kind::hopeless:
      drop_ = message_opened_;
      (void)hang_up("TOOBIG", "The command is too long", out);  // shows in the mode
      break;
  }
  return std::nullopt;
}

ServerSession::Next ServerSession::on_refused(const Event& event, std::string& out) {
  const Status status = refusal_ ? *std::exchange(refusal_, std::nullopt) : status_of(event.flaw);
  const Mode mode = std::exchange(mode_, Mode::command);
  if (mode == Mode::auth) {
    return refuse_auth(status, out);
  }
  if (mode == Mode::idle) {
    return complain(command_.tag, status, out);
  }
  if (mode == Mode::append) {
    drop_ = message_opened_;
    append_.reset();
    return complain(append_tag_, status, out);
  }
  const std::string_view tag = parse_command_head(event.octets).tag;
  return complain(tag.empty() ? "*" : tag, status, out);
}

std::optional<Status> ServerSession::judge(std::string_view name, bool uid) const {
  const CommandRow* row = find_command(name, uid);
  if (row == nullptr || (row->needs && !offers(*row->needs))) {
    return status_of(Say::unknown_command);
  }
  if ((row->legal_in & bit_of(state_)) != 0) {
    return std::nullopt;
  }
  if (state_ == ServerState::not_authenticated) {
    return status_of(Say::log_in_first);
  }
  return status_of((row->legal_in & LegalIn::selected) != 0 ? Say::select_first
                                                            : Say::logged_in_already);
}

// What depends on what was enabled (RFC 7162 3.2.5 and 3.2.6).
std::optional<Status> ServerSession::judge_arguments(const Command& command) const {
  const auto* select = std::get_if<SelectArguments>(&command.arguments);
  const auto* fetch = std::get_if<FetchArguments>(&command.arguments);
  const bool wants_qresync = (select && select->qresync) || (fetch && fetch->vanished);
  if (wants_qresync && !enabled_.qresync) {
    return status_of(Say::qresync_off);
  }
  return std::nullopt;
}

ServerSession::Next ServerSession::on_text(std::string_view text, std::string_view input,
                                           std::string& out) {
  if (mode_ == Mode::auth) {
    return on_auth_line(text, out);
  }
  if (mode_ == Mode::append) {
    return on_append_end(text, out);
  }
  // Some phones send an empty line after DONE.
  if (text.empty()) {
    return std::nullopt;
  }
  if (mode_ == Mode::idle) {
    mode_ = Mode::command;
    return equals_ignoring_case(trim_wsp(text), "DONE")
               ? execute()
               : complain(command_.tag, status_of(Say::done_expected), out);
  }
  if (state_ == ServerState::not_authenticated && ++login_commands_ > rules_.login_commands_max) {
    return hang_up("", "Too many commands without a login", out);
  }
  const CommandHead head = parse_command_head(text);
  if (state_ == ServerState::not_authenticated && is_http(text)) {
    return hang_up("", "This is not HTTP", out);
  }
  const std::string_view tag = head.tag.empty() ? "*" : head.tag;
  if (!head.tag.empty()) {
    if (const auto refusal = judge(head.name, head.uid)) {
      return complain(tag, *refusal, out);
    }
  }
  auto command = parse_command(text, name_form());
  if (!command) {
    return complain(tag, status_of(command.error(), head.name), out);
  }
  if (const auto refusal = judge_arguments(*command)) {
    return complain(tag, *refusal, out);
  }
  command_ = *std::move(command);
  return run(input, out);
}

ServerSession::Next ServerSession::on_literal(const Event& event, std::string& out) {
  if (mode_ == Mode::append) {
    return on_append_literal(event, out);
  }
  const CommandHead head = parse_command_head(event.octets);
  if (head.tag.empty()) {
    return refuse_literal("*", {Status::Kind::bad, "", "A command begins with a tag"}, out);
  }
  if (auto refusal = judge(head.name, head.uid)) {
    return refuse_literal(head.tag, *std::move(refusal), out);
  }
  const auto verb = parse_verb(head.name, head.uid);
  if (verb == Verb::append || verb == Verb::replace) {
    mode_ = Mode::append;
    append_ = std::make_unique<AppendParser>(name_form());
    append_tag_ = head.tag;
    return on_append_literal(event, out);
  }
  return keep_literal(head.tag, event.literal, out);
}

ServerSession::Next ServerSession::keep_literal(std::string_view tag, const LiteralHeader& literal,
                                                std::string& out) {
  const bool must_wait = !literal.waits && literal.octets > literal_minus_octets_max &&
                         !offers(Capability::literal_plus);
  if (must_wait) {
    return refuse_literal(tag, status_of(Say::literal_must_wait), out);
  }
  if (!framer_.keep_literal()) {
    return refuse_literal(tag, status_of(Say::literal_too_large), out);
  }
  if (literal.waits) {
    encode_continuation("Go ahead", out);
  }
  return std::nullopt;
}

// `tag`: it may lie in what the framer forgets.
ServerSession::Next ServerSession::refuse_literal(std::string_view tag, Status refusal,
                                                  std::string& out) {
  const std::string kept(tag);
  if (framer_.drop_command()) {
    refusal_ = std::move(refusal);
    return std::nullopt;
  }
  return complain(kept, refusal, out);
}

ServerSession::Next ServerSession::execute() {
  const Arguments& arguments = command_.arguments;
  const auto* select = std::get_if<SelectArguments>(&arguments);
  const auto* status = std::get_if<StatusArguments>(&arguments);
  const auto* fetch = std::get_if<FetchArguments>(&arguments);
  const auto* store = std::get_if<StoreArguments>(&arguments);
  const auto* search = std::get_if<SearchArguments>(&arguments);
  const auto* sort = std::get_if<SortArguments>(&arguments);
  bool condstore = (select && (select->condstore || select->qresync)) ||
                   (store && store->unchanged_since) || (fetch && fetch->changed_since) ||
                   (search && mentions(search->key, SearchKind::modseq)) ||
                   (sort && mentions(sort->search.key, SearchKind::modseq));
  if (status != nullptr) {
    for (const StatusItem item : status->items) {
      condstore |= item == StatusItem::highest_modseq;
    }
  }
  if (fetch != nullptr) {
    for (const FetchItem& item : fetch->items) {
      condstore |= item.kind == FetchKind::modseq;
    }
  }
  enabled_.condstore |= condstore;  // RFC 7162 3.1
  mode_ = Mode::executing;
  return ServerStep::execute;
}

void ServerSession::on_done(Status status, std::string& out) {
  check(mode_ == Mode::executing, "no command is being executed");
  mode_ = Mode::command;
  switch (command_.verb) {
    case Verb::select:
    case Verb::examine:
      // RFC 9051 6.3.2: BAD leaves what was selected.
      if (status.kind != Status::Kind::bad) {
        state_ = status.is_ok() ? ServerState::selected : ServerState::authenticated;
      }
      break;
    case Verb::close:
    case Verb::unselect:
      on_unselected();
      break;
    case Verb::unauthenticate:
      if (status.is_ok()) {
        state_ = ServerState::not_authenticated;
        identity_.clear();
        enabled_ = {};
        hidden_of_account_ = {};
        login_commands_ = 0;
        set_limits();
      }
      break;
    default:
      break;
  }
  message_opened_ = false;
  errors_ = status.is_ok() ? 0 : errors_;
  (void)complain(command_.tag, status, out);  // a hang-up shows in the mode
  command_ = {};
}

void ServerSession::on_unselected() {
  if (state_ == ServerState::selected) {
    state_ = ServerState::authenticated;
  }
}

void ServerSession::on_timeout(std::string& out) {
  if (mode_ != Mode::closing) {
    drop_ = message_opened_;
    (void)hang_up("", "Nothing came for too long", out);  // shows in the mode
  }
}

bool ServerSession::on_shutdown(std::string& out) {
  shutting_down_ = true;
  if (mode_ == Mode::executing || mode_ == Mode::append) {
    return false;
  }
  if (mode_ != Mode::closing) {
    (void)hang_up("UNAVAILABLE", "Shutting down: connect again", out);  // shows in the mode
  }
  return true;
}

Duration ServerSession::timeout() const {
  if (state_ == ServerState::not_authenticated) {
    return rules_.login_timeout;
  }
  return framer_.is_idle() ? rules_.autologout : rules_.command_timeout;
}

NameForm ServerSession::name_form() const {
  return enabled_.imap4rev2 || enabled_.utf8 ? NameForm::utf8 : NameForm::modified_utf7;
}

}  // namespace postrider::imap
