#pragma once

#include "config.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/greylist_desk.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/flow/junk_trainer.hpp>
#include <postrider/flow/list_desk.hpp>
#include <postrider/flow/signer.hpp>
#include <postrider/flow/text_index.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/policy/dmarc_report.hpp>
#include <postrider/service/control/user_service.hpp>
#include <postrider/service/imap/imap_service.hpp>
#include <postrider/service/pop3/pop3_service.hpp>
#include <postrider/service/smtp/smtp_service.hpp>
#include <postrider/store/mailbox_store.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::app {

// All outlives the entrance.
struct EntranceDoors {
  engine::Reactor& reactor;
  store::QueueStore& queue;
  store::MailboxStore& mailboxes;
  flow::EventSink& events;
  flow::Signer& signer;
  flow::Directory& directory;
  net::Resolver& resolver;
  policy::Authenticator& authenticator;
  policy::DmarcTally& dmarc;
  flow::JunkTrainer& trainer;
  flow::TextIndex* text_index = nullptr;  // nullptr: there is none
  const policy::PublicSuffixList* suffixes = nullptr;
  flow::GreylistDesk* greylist = nullptr;
  control::LiveQueue* live = nullptr;  // on the core that users are served on over HTTP
};

// Where clients come in on one core: the services that have listeners, and the intake with their
// limits. Replaced as a whole by a reload that changes them.
class Entrance {
 public:
  Entrance(const EntranceDoors& doors, const Config& config, CoreId cores);

  // Opens the configuration's next listener and begins to accept. In: a context, unless its tls is
  // none. Out: its address with the real port. Errors: tell the operator.
  [[nodiscard]] engine::IoResult<SocketAddress> listen(const ListenerConfig& listener,
                                                       std::optional<net::TlsContext> context);
  // The next listener is another core's (a Unix socket).
  void leave_out_listener();
  // New connections to the listener (by its place in the configuration) use it, if it is here.
  void set_tls(std::size_t listener, const net::TlsContext& context);
  // Ends when all conversations have; those that still run when patience ends are broken off.
  [[nodiscard]] engine::Task<void> stop(MonoTime patience);

  [[nodiscard]] flow::Intake& intake() { return *intake_; }
  [[nodiscard]] const flow::ListDesk& lists() const { return lists_; }

 private:
  // Listeners of a service are known to it by their order.
  template <class Service>
  struct Part {
    Service service;
    std::size_t listeners = 0;
  };
  template <class Service, class Settings>
  engine::IoResult<SocketAddress> listen_at(Part<Service>& part, Settings settings);

  flow::ListDesk lists_;
  std::unique_ptr<flow::Intake> intake_;  // stands on the lists
  Part<smtp::SmtpService> smtp_;          // stands on the intake
  Part<pop3::Pop3Service> pop3_;
  Part<imap::ImapService> imap_;
  Part<control::UserService> http_;
  std::vector<std::function<void(const net::TlsContext&)>> listeners_;  // empty: not here
};

}  // namespace postrider::app
