// The open mailbox: STAT, LIST, UIDL, RETR, TOP, DELE, NOOP, RSET, QUIT.
#include <cstdint>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include <postrider/codec/pop3/session.hpp>

namespace postrider::pop3 {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || value > (UINT32_MAX - 9) / 10) {
      return std::nullopt;
    }
    value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return text.empty() ? std::nullopt : std::optional(value);
}

}  // namespace

std::optional<std::uint32_t> Session::number_of(std::string_view argument, std::string& out) {
  const auto number = parse_number(argument);
  if (!number || *number == 0 || *number > maildrop_.uids.size()) {
    (void)refuse(fmt::format("No such message: there are {}", maildrop_.uids.size()), out);
    return std::nullopt;
  }
  if (is_deleted_[*number - 1]) {
    (void)refuse("That message is deleted: RSET brings it back", out);
    return std::nullopt;
  }
  return *number - 1;
}

Session::Next Session::command_stat(std::string_view, std::string_view, std::string& out) {
  fmt::format_to(std::back_inserter(out), "+OK {} {}\r\n", maildrop_.uids.size() - deleted_count_,
                 maildrop_.octets - deleted_octets_);
  return std::nullopt;
}

Session::Next Session::ask_sizes(Numbers numbers, Waiting waiting, std::string& out) {
  wanted_ = numbers;
  waiting_ = waiting;
  sizes_.resize(maildrop_.uids.size());
  for (std::uint32_t number = numbers.first; number <= numbers.last; ++number) {
    if (!sizes_[number]) {
      return Step::load_sizes;
    }
  }
  go_on_with_sizes(out);
  return std::nullopt;
}

void Session::on_sizes(std::vector<std::uint64_t> octets, std::string& out) {
  for (std::size_t i = 0; i < octets.size() && wanted_.first + i < sizes_.size(); ++i) {
    sizes_[wanted_.first + i] = octets[i];
  }
  go_on_with_sizes(out);
}

void Session::go_on_with_sizes(std::string& out) {
  switch (std::exchange(waiting_, Waiting::none)) {
    case Waiting::none:
      return;
    case Waiting::list_one:
      fmt::format_to(std::back_inserter(out), "+OK {} {}\r\n", wanted_.first + 1,
                     sizes_[wanted_.first].value_or(0));
      return;
    case Waiting::list_all:
      list_sizes(out);
      return;
    case Waiting::dele:
      mark_deleted(wanted_.first, out);
      return;
  }
}

Session::Next Session::command_list(std::string_view argument, std::string_view, std::string& out) {
  if (argument.empty()) {
    if (maildrop_.uids.empty()) {
      list_sizes(out);
      return std::nullopt;
    }
    return ask_sizes({0, static_cast<std::uint32_t>(maildrop_.uids.size() - 1)}, Waiting::list_all,
                     out);
  }
  const auto number = number_of(argument, out);
  return number ? ask_sizes({*number, *number}, Waiting::list_one, out) : std::nullopt;
}

void Session::list_sizes(std::string& out) const {
  fmt::format_to(std::back_inserter(out), "+OK {} messages\r\n",
                 maildrop_.uids.size() - deleted_count_);
  for (std::uint32_t i = 0; i < maildrop_.uids.size(); ++i) {
    if (!is_deleted_[i]) {
      fmt::format_to(std::back_inserter(out), "{} {}\r\n", i + 1, sizes_[i].value_or(0));
    }
  }
  out += ".\r\n";
}

// RFC 1939 7: the same as long as the message is there, over sessions and years.
std::string Session::unique_id(std::uint32_t number) const {
  return fmt::format("{:08x}{:08x}", maildrop_.validity, maildrop_.uids[number]);
}

Session::Next Session::command_uidl(std::string_view argument, std::string_view, std::string& out) {
  if (!argument.empty()) {
    if (const auto number = number_of(argument, out)) {
      fmt::format_to(std::back_inserter(out), "+OK {} {}\r\n", *number + 1, unique_id(*number));
    }
    return std::nullopt;
  }
  ok("The unique-ids", out);
  for (std::uint32_t i = 0; i < maildrop_.uids.size(); ++i) {
    if (!is_deleted_[i]) {
      fmt::format_to(std::back_inserter(out), "{} {}\r\n", i + 1, unique_id(i));
    }
  }
  out += ".\r\n";
  return std::nullopt;
}

Session::Next Session::command_retr(std::string_view argument, std::string_view, std::string& out) {
  const auto number = number_of(argument, out);
  if (!number) {
    return std::nullopt;
  }
  retrieval_ = {maildrop_.uids[*number], std::nullopt};
  return Step::send_message;
}

Session::Next Session::command_top(std::string_view argument, std::string_view, std::string& out) {
  const std::size_t blank = argument.find(' ');
  const auto lines =
      blank == std::string_view::npos ? std::nullopt : parse_number(argument.substr(blank + 1));
  if (!lines) {
    return refuse("TOP takes a message's number and how many lines", out);
  }
  const auto number = number_of(argument.substr(0, blank), out);
  if (!number) {
    return std::nullopt;
  }
  retrieval_ = {maildrop_.uids[*number], lines};
  return Step::send_message;
}

void Session::on_unavailable(Trouble trouble, std::string& out) {
  waiting_ = Waiting::none;
  if (state_ == State::authorization) {
    // RFC 3206: the login was right, the mailbox is not to be had.
    (void)hang_up(trouble == Trouble::temporary
                      ? "[SYS/TEMP] The mailbox can't be opened now: try again later"
                      : "[SYS/PERM] There is no mailbox for this account",
                  out);
    return;
  }
  switch (trouble) {
    case Trouble::gone:
      (void)refuse("That message is gone: something else has removed it", out);
      return;
    case Trouble::temporary:
      (void)refuse("[SYS/TEMP] It can't be read now: try again later", out);
      return;
    case Trouble::permanent:
      (void)refuse("[SYS/PERM] It can't be read: tell the postmaster", out);
      return;
  }
}

Session::Next Session::command_dele(std::string_view argument, std::string_view, std::string& out) {
  const auto number = number_of(argument, out);
  return number ? ask_sizes({*number, *number}, Waiting::dele, out) : std::nullopt;
}

void Session::mark_deleted(std::uint32_t number, std::string& out) {
  is_deleted_[number] = true;
  ++deleted_count_;
  deleted_octets_ += sizes_[number].value_or(0);
  ok(rules_.keeps_deleted ? "Out of this session: the message is kept" : "Deleted at QUIT", out);
}

Session::Next Session::command_noop(std::string_view, std::string_view, std::string& out) {
  ok("Here", out);
  return std::nullopt;
}

Session::Next Session::command_rset(std::string_view, std::string_view, std::string& out) {
  is_deleted_.assign(maildrop_.uids.size(), false);
  deleted_count_ = 0;
  deleted_octets_ = 0;
  ok(fmt::format("{} messages", maildrop_.uids.size()), out);
  return std::nullopt;
}

Session::Next Session::command_quit(std::string_view, std::string_view, std::string& out) {
  if (deleted_count_ > 0 && !rules_.keeps_deleted) {
    return Step::remove;
  }
  ok("Bye", out);
  state_ = State::closing;
  return Step::close;
}

// RFC 1939 6: QUIT fails if some of what was deleted stays.
void Session::on_removed(bool all, std::string& out) {
  state_ = State::closing;
  if (all) {
    ok("Bye", out);
  } else {
    out += "-ERR [SYS/TEMP] Some deleted messages were not removed\r\n";
  }
}

}  // namespace postrider::pop3
