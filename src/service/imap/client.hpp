#pragma once

#include "append_intake.hpp"
#include "notifier.hpp"
#include "progress.hpp"
#include "selected_mailbox.hpp"
#include "service_shared.hpp"
#include "wire.hpp"

#include <optional>
#include <string>

#include <postrider/codec/imap/server_session.hpp>

namespace postrider::imap {

// What the commands of one connection work on.
struct Client {
  Client(ServiceShared& core, ChangeListener& on_change, std::unique_ptr<engine::Stream> stream,
         engine::Gate& gate)
      : shared(core),
        changes(on_change),
        wire(core.doors.reactor, std::move(stream), gate, core.settings.flush_timeout),
        appended(core) {}

  [[nodiscard]] store::MailboxStore& store() const { return shared.doors.mailboxes; }
  [[nodiscard]] std::string& out() { return wire.out(); }
  [[nodiscard]] NameForm name_form() const { return session->name_form(); }
  [[nodiscard]] const Enabled& enabled() const { return session->enabled(); }
  // So much more of the command is done: said now and then (RFC 9585).
  [[nodiscard]] engine::Task<void> advance(std::uint64_t count);

  ServiceShared& shared;
  ChangeListener& changes;
  Wire wire;
  std::optional<ServerSession> session;  // from the first octet on
  UserPlace place;
  store::MailAccountId account = store::MailAccountId::none;
  std::optional<SelectedMailbox> selected;
  std::unique_ptr<Notifier> notifier;  // from the first NOTIFY on
  Progress progress;                   // of the command that is executed
  AppendIntake appended;
};

}  // namespace postrider::imap
