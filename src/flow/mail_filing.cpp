#include <algorithm>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/flow/rendered_mail.hpp>

namespace postrider::flow {

namespace {

using store::SpecialUse;

// What is rendered where it stands takes less than the way to the pool and back.
constexpr std::size_t on_core_octets = 64 * 1024;
constexpr int places_tried = 2;

void render(std::string_view octets, PreparedMail& out) {
  MailRenderer renderer;
  renderer.feed(octets);
  const RenderedMail rendered = renderer.finish();
  out.thread = thread_of(rendered.listed);
  out.rendered = encode_rendered(rendered);
}

bool takes_new_mail(const store::Mailbox& mailbox) {
  switch (mailbox.special_use) {
    case SpecialUse::none:
    case SpecialUse::archive:
    case SpecialUse::junk:
    case SpecialUse::important:
      return true;
    case SpecialUse::all:
    case SpecialUse::drafts:
    case SpecialUse::flagged:
    case SpecialUse::sent:
    case SpecialUse::trash:
      break;
  }
  return false;
}

const store::Mailbox* find_folder(const std::vector<store::Mailbox>& all, std::string_view name) {
  const auto is_it = [name](const store::Mailbox& mailbox) {
    return equals_ignoring_case(mailbox.name, name) && takes_new_mail(mailbox);
  };
  const auto found = std::ranges::find_if(all, is_it);
  return found == all.end() ? nullptr : &*found;
}

std::string_view name_of(SpecialUse use) {
  return use == SpecialUse::junk ? "Junk" : "Archive";
}

// What comes from an envelope can't end a line.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return out;
}

}  // namespace

engine::Task<PreparedMailRef> MailFiling::prepare(SharedOctets octets) {
  auto out = std::make_shared<PreparedMail>();
  if (octets.view().size() <= on_core_octets) {
    render(octets.view(), *out);
  } else {
    // (void): the pool is bounded and its jobs end.
    (void)co_await reactor_.offload([&octets, &out] { render(octets.view(), *out); },
                                    engine::Until{});
  }
  out->body = co_await mailboxes_.prepare(std::move(octets));
  co_return out;
}

engine::Task<store::MailResult<store::MailboxId>> MailFiling::place_of(store::MailAccountId account,
                                                                       const FilingOrder& order) {
  if (order.use == SpecialUse::none && order.folder.empty()) {
    co_return order.mailbox;
  }
  const auto all = co_await mailboxes_.list(account);
  if (!all) {
    co_return failure(all.error());
  }
  if (order.use == SpecialUse::none) {
    const store::Mailbox* folder = find_folder(*all, order.folder);
    co_return folder == nullptr ? order.mailbox : folder->id;
  }
  const auto used = std::ranges::find(*all, order.use, &store::Mailbox::special_use);
  if (used != all->end()) {
    co_return used->id;
  }
  const std::string name(name_of(order.use));
  const auto named = std::ranges::find_if(*all, [&name](const store::Mailbox& mailbox) {
    return equals_ignoring_case(mailbox.name, name);
  });
  if (named != all->end()) {
    co_return named->id;
  }
  const auto made = co_await mailboxes_.create(account, name, order.use);
  if (!made && made.error() != store::MailError::exists) {
    co_return failure(made.error());
  }
  co_return made ? made->id : order.mailbox;  // another copy was a moment faster
}

engine::Task<store::MailResult<store::InsertedMail>> MailFiling::file(PreparedMailRef mail,
                                                                      FilingOrder order,
                                                                      FilingTurns::Turn turn) {
  const auto account = co_await mailboxes_.open_account(order.account);
  if (!account) {
    co_return failure(account.error());
  }
  for (int tried = 0;; ++tried) {
    const auto place = co_await place_of(*account, order);
    if (!place) {
      co_return failure(place.error());
    }
    store::MailInsert insert;
    insert.mails.push_back({.mailbox = *place,
                            .flags = order.flags,
                            .internal_date = order.internal_date,
                            .detail = {order.trace, mail->rendered},
                            .body = mail->body,
                            .thread = mail->thread});
    insert.quota = order.quota;
    insert.delivered = order.delivered;
    insert.report = order.report;
    co_await turn.come();
    // The next one goes on when this coroutine suspends: the insert has begun by then, and what the
    // account's home has begun it ends in that order.
    turn.pass();
    kill_point("filing.before_insert");
    auto inserted = co_await mailboxes_.insert(*account, std::move(insert));
    if (inserted) {
      kill_point("filing.inserted");
      co_return inserted->front();
    }
    const bool has_gone = inserted.error() == store::MailError::not_found;
    if (!has_gone || tried + 1 == places_tried) {
      co_return failure(inserted.error());
    }
  }
}

std::string trace_fields(const TraceFacts& facts) {
  constexpr std::size_t names_octets = 64;
  std::string out;
  out.reserve(facts.reverse_path.size() + facts.address.size() + facts.account.size() +
              names_octets);
  out.append("Return-Path: <").append(one_line(facts.reverse_path)).append(">\r\n");
  if (!facts.address.empty() && facts.address != facts.account) {
    out.append("X-Original-To: ").append(one_line(facts.address)).append("\r\n");
  }
  out.append("Delivered-To: ").append(one_line(facts.account)).append("\r\n");
  return out;
}

}  // namespace postrider::flow
